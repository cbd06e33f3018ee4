import { Fault, exits } from './fault.js'
import type { Command, Result } from './command.js'
import { loadOf, type NumberRow } from './numbers.js'

interface Ready { readonly ready: boolean, readonly parts: readonly { readonly name: string, readonly ok: boolean }[] }
interface Now { readonly calls: { readonly live: number, readonly ringing: number, readonly talking: number }, readonly today: { readonly calls?: number } }

/** Whether calls can be served, what goes on, how full the pool is. */
export const status: Command = {
  help: 'whether calls can be served, live calls, load of the numbers; exit 1 when a part fails',
  run: async ({ server }) => {
    const asked = server()
    const ready = await asked.ready<Ready>()
    const now = await unlessHidden(ready, asked.get<Now>('/v1/stats/now'))
    const numbers = await unlessHidden(ready, asked.get<{ numbers: NumberRow[] }>('/v1/numbers'))
    return resultOf(ready, now, numbers === undefined ? undefined : loadOf(numbers.numbers))
  }
}

/** What this key may not see is left out; while a part fails, so is what needs it. */
async function unlessHidden<T>({ ready }: Ready, asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Fault && error.code !== undefined && (error.code === 'forbidden' || !ready)) return undefined
    throw error
  }
}

function resultOf({ ready, parts }: Ready, now: Now | undefined, numbers: ReturnType<typeof loadOf> | undefined): Result {
  const unseen = 'not shown to this key, or not now'
  const lines = [
    `ready    ${ready ? 'yes' : 'no'}`,
    ...parts.map(({ name, ok }) => `  ${name.padEnd(12)} ${ok ? 'ok' : 'FAILS'}`),
    `calls    ${now === undefined ? unseen : `${now.calls.live} live (${now.calls.ringing} ringing, ${now.calls.talking} talking), ${now.today.calls ?? 'few'} today`}`,
    `numbers  ${numbers === undefined ? unseen : `${numbers.inService} in service of ${numbers.all}; ${numbers.live} live deliveries, ${numbers.held} with quarantine; fullest ${numbers.fullest}`}`
  ]
  return { data: { ready, parts, calls: now?.calls ?? null, today: now?.today ?? null, numbers: numbers ?? null }, text: lines.join('\n'), exit: ready ? exits.well : exits.wrong }
}
