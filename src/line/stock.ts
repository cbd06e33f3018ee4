import { MaskError } from '../errors.js'
import type { Country, E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import { int, list, text, type Reply } from '../store/reply.js'
import type { LineContext } from './context.js'
import { fromDigits, withCountries } from './numbers.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
import type { NumberLoad, NumberState } from './types.js'

type Act = 'configure' | 'add' | 'drain' | 'retire' | 'list'

/** Numbers per script call, so that a large pool does not stop Redis for long. */
const batch = 500
const states: readonly NumberState[] = ['in_service', 'draining', 'retired']

/** Registers the configured numbers of every pool and learns of those that came later. */
export async function prepare(context: LineContext): Promise<void> {
  for (const { id } of context.config.pools) {
    await configure(context, id)
    await refresh(context, id)
  }
}

/** Brings a pool's configured numbers into service; those that the store has heard of stay as they are. */
export async function configure(context: LineContext, pool: string): Promise<void> {
  await act(context, pool, 'configure', context.plan.configured(pool))
}

/** Takes over what the store knows of a pool's numbers. */
export async function refresh(context: LineContext, pool: string): Promise<NumberLoad[]> {
  const [, version, ...rest] = list(await run(context, pool, 'list', []))
  const numbers = readNumbers(pool, rest)
  context.plan.update(pool, numbers, int(version))
  return numbers
}

/** @throws number_not_found */
export async function numbers(context: LineContext, pool: string): Promise<NumberLoad[]> {
  checkPool(context, pool)
  let found = await refresh(context, pool)
  if (found.length === 0) {
    // Never prepared, or the store was emptied.
    await configure(context, pool)
    found = await refresh(context, pool)
  }
  return found.sort((a, b) => a.number < b.number ? -1 : 1)
}

/** @throws number_not_found, request_invalid */
export async function addNumbers(context: LineContext, pool: string, wanted: readonly string[]): Promise<void> {
  checkPool(context, pool)
  for (const number of wanted) {
    const elsewhere = context.plan.has(number) && context.plan.poolOf(number) !== pool
    if (elsewhere || !/^\+[1-9]\d{4,14}$/.test(number)) throw new MaskError('request_invalid', { field: 'number' })
  }
  await act(context, pool, 'add', wanted as readonly E164[])
  await refresh(context, pool)
}

/** @throws number_not_found, number_in_use */
export async function takeOut(context: LineContext, pool: string, number: string, how: 'drain' | 'retire'): Promise<void> {
  checkPool(context, pool)
  await act(context, pool, how, [number as E164])
  await refresh(context, pool)
}

async function act(context: LineContext, pool: string, name: Act, numbers: readonly E164[]): Promise<void> {
  for (let at = 0; at < numbers.length; at += batch) {
    const reply = await run(context, pool, name, withCountries(numbers.slice(at, at + batch)))
    if (codeOf(reply) !== result.ok) throw refusal(reply)
  }
}

/** A number that was retired may be somebody else's by now: no failover brings it back. What is configured can be again. */
async function run(context: LineContext, pool: string, name: Act, args: readonly string[]): Promise<Reply> {
  const call = [scripts.numbers, [poolKey('pool', pool)], [context.now(), name, ...args]] as const
  return await (name === 'list' || name === 'configure' ? context.store.run(...call) : context.store.runDurably(...call))
}

function checkPool(context: LineContext, pool: string): void {
  if (!context.plan.hasPool(pool)) throw new MaskError('number_not_found')
}

function readNumbers(poolId: string, flat: readonly Reply[]): NumberLoad[] {
  const found: NumberLoad[] = []
  for (let at = 0; at + 4 < flat.length; at += 5) {
    const [number, country, state, live, held] = flat.slice(at, at + 5)
    found.push({ number: fromDigits(text(number)), poolId, country: text(country) as Country, state: states[int(state)]!, live: int(live), held: int(held) })
  }
  return found
}
