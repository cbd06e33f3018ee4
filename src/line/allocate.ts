import { asMaskError, MaskError } from '../errors.js'
import { newId } from '../ids.js'
import { countryOf } from '../phone/e164.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import { int, list, text, type Reply } from '../store/reply.js'
import type { CodeOffer, CodeOffers } from './code.js'
import type { LineContext } from './context.js'
import type { Doubts } from './doubts.js'
import { fromDigits, type NumberPlan } from './numbers.js'
import { sealPeople } from './people.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
import { slotOf } from './slot.js'
import { configure } from './stock.js'
import type { AllocatedDelivery, NewDelivery } from './types.js'
import { directions } from './view.js'

/** Clocks of our machines and of Redis may differ; the longest life is not refused for that. */
const clockSlackMs = 60_000
const attempts = 5

/** Gives two people one number in one round trip. @throws as Lines.allocate */
export async function allocate(context: LineContext, codes: CodeOffers, doubts: Doubts, wanted: NewDelivery): Promise<AllocatedDelivery> {
  checkPhones(context, wanted)
  const local = newId()
  const fixed = fixedArgs(context, wanted, local)
  for (let attempt = 1; ; attempt++) {
    const offer = codes.offer(wanted.poolId)
    const reply = await doubted(doubts, wanted.poolId, local, context.store.runDurably(scripts.allocate, [poolKey('pool', wanted.poolId)], [context.now(), ...fixed, offer.code.length, offer.slot]))
    const code = codeOf(reply)
    if (code === result.ok) return allocated(codes, wanted, local, offer, reply)
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

/** ARGV 2 to 13 of allocate.lua: what does not change from try to try. */
function fixedArgs({ vault, config, plan }: LineContext, wanted: NewDelivery, local: string): Arg[] {
  const { poolId, courier, customer, geo } = wanted
  const sealed = sealPeople(vault, fullId(poolId, local), { courier: [courier], customer: [customer], reference: wanted.reference })
  const countries = choosesCountry(wanted, plan) ? [wanted.country ?? countryOf(customer), ...geo?.fallback ?? []] : []
  return [
    local, wanted.shopId, vault.lookupTag(poolId, courier), vault.lookupTag(poolId, customer),
    wanted.expiresAt, config.line.maxTtlSeconds * 1000 + clockSlackMs, wanted.quarantineSeconds * 1000, directions.indexOf(wanted.direction),
    slotOf(vault.referenceTag(wanted.shopId, wanted.reference)), sealed, countries.join(','), geo?.strict ? '1' : ''
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

function allocated(codes: CodeOffers, wanted: NewDelivery, local: string, offer: CodeOffer, reply: Reply): AllocatedDelivery {
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
    quarantineUntil: wanted.expiresAt + wanted.quarantineSeconds * 1000,
    accessCode: offer.code
  }
}

function fullId(pool: string, local: string): string {
  return `${pool}-${local}`
}
