import { asMaskError, MaskError } from '../errors.js'
import { newId } from '../ids.js'
import { countryOf } from '../phone/e164.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import { int, list, text, type Reply } from '../store/reply.js'
import type { CodeOffers } from './code.js'
import type { LineContext } from './context.js'
import type { Doubts } from './doubts.js'
import { fromDigits, type NumberPlan } from './numbers.js'
import { sealPeople } from './people.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
import { configure } from './stock.js'
import { tagged } from './tagged.js'
import type { PoolTags } from './tags.js'
import type { AllocatedDelivery, NewDelivery } from './types.js'
import { directions } from './view.js'

/** Clocks of our machines and of Redis may differ; the longest life is not refused for that. */
const clockSlackMs = 60_000
const attempts = 5

/** Gives two people one number in one round trip. @throws as Lines.allocate */
export async function allocate(context: LineContext, codes: CodeOffers, doubts: Doubts, wanted: NewDelivery): Promise<AllocatedDelivery> {
  checkPhones(context, wanted)
  await checkExpiry(context, wanted)
  const local = newId()
  const sealed = await seal(context, wanted, local)
  for (let attempt = 1; ; attempt++) {
    const accessCode = codes.offer(wanted.poolId)
    const reply = await tagged(context, wanted.poolId, heldUntil(wanted), (tags) =>
      doubted(doubts, wanted.poolId, local, context.store.runDurably(scripts.allocate, [poolKey('pool', wanted.poolId)], allocateArgs(context, tags, wanted, local, sealed, accessCode))))
    const code = codeOf(reply)
    if (code === result.ok) return allocated(codes, wanted, local, accessCode, reply)
    if (attempt === attempts || !await mend(context, codes, wanted.poolId, code, reply)) throw refusal(reply)
  }
}

/** No answer is no proof that nothing was done. */
async function doubted(doubts: Doubts, pool: string, local: string, work: Promise<Reply>): Promise<Reply> {
  try {
    return await work
  } catch (error) {
    if (asMaskError(error).code === 'store_unavailable') doubts.add(pool, local)
    throw error
  }
}

function checkPhones(context: LineContext, { courier, customer }: NewDelivery): void {
  if (courier === customer) throw new MaskError('phones_equal', { field: 'customer.phone' })
  if (context.plan.has(courier)) throw new MaskError('phone_is_proxy', { field: 'courier.phone' })
  if (context.plan.has(customer)) throw new MaskError('phone_is_proxy', { field: 'customer.phone' })
}

/** An expiry that the script would refuse must not make any key live as long. */
async function checkExpiry({ config, tags }: LineContext, { poolId, expiresAt }: NewDelivery): Promise<void> {
  const isTooLate = (now: number): boolean => expiresAt > now + longestLifeMs(config)
  if (isTooLate(await tags.time(poolId)) && isTooLate(await tags.time(poolId, true))) throw new MaskError('expiry_invalid', { field: 'expiresAt' })
}

const longestLifeMs = ({ line }: LineContext['config']): number => line.maxTtlSeconds * 1000 + clockSlackMs

const heldUntil = ({ expiresAt, quarantineSeconds }: NewDelivery): number => expiresAt + quarantineSeconds * 1000

async function seal({ keys, tags }: LineContext, wanted: NewDelivery, local: string): Promise<Buffer> {
  const { shopId, poolId, courier, customer, reference } = wanted
  const sealing = { shopId, id: fullId(poolId, local), heldUntil: heldUntil(wanted) }
  return await tags.at(poolId, (now) => sealPeople(keys, { ...sealing, now }, { courier: [courier], customer: [customer], reference }))
}

function allocateArgs(context: LineContext, tags: PoolTags, wanted: NewDelivery, local: string, sealed: Buffer, accessCode: string): Arg[] {
  const { shopId, courier, customer, geo } = wanted
  const countries = choosesCountry(wanted, context.plan) ? [wanted.country ?? countryOf(customer), ...geo?.fallback ?? []] : []
  return [
    context.now(), tags.epochs, local, shopId, tags.phone(courier), tags.phone(customer),
    wanted.expiresAt, longestLifeMs(context.config), wanted.quarantineSeconds * 1000, directions.indexOf(wanted.direction),
    tags.reference(shopId, wanted.reference), sealed, countries.join(','), geo?.strict ? '1' : '', accessCode.length, tags.code(accessCode)
  ]
}

/** Where all numbers are of one country and any will do, nobody needs to ask where the customer is from. */
function choosesCountry({ poolId, geo }: NewDelivery, plan: NumberPlan): boolean {
  return geo?.strict === true || plan.hasSeveralCountries(poolId)
}

/** What keeps a first try from succeeding and can be put right at once. @returns whether to try again */
async function mend(context: LineContext, codes: CodeOffers, pool: string, code: number, reply: Reply): Promise<boolean> {
  if (code === result.codeClash) codes.learn(pool, int(list(reply)[1]))
  else if (code === result.poolUnknown) await configure(context, pool)
  else return false
  return true
}

function allocated(codes: CodeOffers, wanted: NewDelivery, local: string, accessCode: string, reply: Reply): AllocatedDelivery {
  const [, number, needed, now] = list(reply)
  codes.learn(wanted.poolId, int(needed))
  return {
    id: fullId(wanted.poolId, local),
    shopId: wanted.shopId,
    reference: wanted.reference,
    state: 'live',
    number: fromDigits(text(number)),
    direction: wanted.direction,
    createdAt: int(now),
    expiresAt: wanted.expiresAt,
    quarantineUntil: heldUntil(wanted),
    accessCode
  }
}

function fullId(pool: string, local: string): string {
  return `${pool}-${local}`
}
