import { MaskError } from '../../errors.js'
import { newId } from '../../ids.js'
import { forever, type KeyRing } from '../../store/keyring/types.js'
import type { Store } from '../../store/redis.js'
import { int } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import type { Audit } from '../audit/types.js'
import { audited } from './audited.js'
import { coveringOf } from './covering.js'
import { retentionKeys, sealingScope } from './keys.js'
import { untilKnown } from './lock.js'
import { checkedReason } from './reason.js'
import type { Hold, Holds, HoldWanted } from './types.js'

const addScript = loadScript(new URL('../../../src/record/retention/lua/add-hold.lua', import.meta.url))

/** Limitation periods for claims end after three years in most cases; a longer dispute takes a new hold with a new reason. */
export const longestHoldMs = 1096 * 86_400_000
/** Holds of a shop at the same time. Every run and every page of records goes by all of them. */
const mostHolds = 2000
/** How long a run under way may take to learn of a new hold: one batch. */
const noticeMs = 5000

/** What deletion runs do with holds, beside what everybody may. */
export interface KeptHolds extends Holds {
  /** Removes those that have ended. @returns how many */
  clear(shopId: string, now: number): Promise<number>
}

export interface HoldsOptions {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly audit: Pick<Audit, 'append'>
  readonly clock?: () => number
}

/** Holds in Redis, sealed because a reason is somebody's own words. */
export function createHolds({ store, keyRing, audit, clock = Date.now }: HoldsOptions): KeptHolds {
  const seal = async (hold: Hold): Promise<Buffer> =>
    (await keyRing.use(sealingScope(hold.shopId), forever)).seal(JSON.stringify(hold), contextOf(hold.shopId, hold.id))
  const all = async (shopId: string): Promise<Hold[]> => {
    const found = await store.hgetall(retentionKeys(shopId).holds)
    if (found.size === 0) return []
    const key = await keyRing.use(sealingScope(shopId), forever)
    return [...found].map(([id, blob]) => JSON.parse(key.open(blob, contextOf(shopId, id)).toString()) as Hold)
  }
  const list = async (shopId: string, now = clock()): Promise<Hold[]> =>
    (await all(shopId)).filter(({ endsAt }) => endsAt > now).sort((a, b) => a.endsAt - b.endsAt)
  const add = async (hold: Hold): Promise<void> => {
    const { holds, state } = retentionKeys(hold.shopId)
    const version = int(await store.runDurably(addScript, [holds, state], [hold.id, await seal(hold), mostHolds]))
    if (version < 0) throw new MaskError('holds_too_many')
    await untilKnown(store, hold.shopId, version, noticeMs)
  }
  return {
    list: (shopId) => list(shopId),
    covering: async (shopId, now) => coveringOf(await list(shopId, now)),
    async create({ actor, ...wanted }) {
      const now = clock()
      const reason = checkedReason(wanted.reason)
      if (!Number.isSafeInteger(wanted.endsAt) || wanted.endsAt <= now || wanted.endsAt > now + longestHoldMs) throw new MaskError('request_invalid', { field: 'endsAt' })
      const hold: Hold = { ...wanted, reason, id: newId(), authorId: actor.id, createdAt: now }
      const action = hold.kind === 'hold' ? 'persons.hold' : 'persons.restrict'
      await audited(audit, { shopId: hold.shopId, actor, action, scope: scopeText(hold), reason }, () => add(hold))
      return hold
    },
    async end(shopId, id, { actor, reason }) {
      const words = checkedReason(reason)
      if (!(await list(shopId)).some((hold) => hold.id === id)) throw new MaskError('hold_not_found')
      await audited(audit, { shopId, actor, action: 'persons.release', scope: `hold ${id}`, reason: words }, async () => { await store.hdel(retentionKeys(shopId).holds, id) })
    },
    async clear(shopId, now) {
      const ended = (await all(shopId)).filter(({ endsAt }) => endsAt <= now).map(({ id }) => id)
      return ended.length === 0 ? 0 : await store.hdel(retentionKeys(shopId).holds, ...ended)
    }
  }
}

const contextOf = (shopId: string, id: string): string => `hold:${shopId}:${id}`

/** Ids and counts only; a pseudonym is nobody's business in the trail. */
function scopeText({ id, scope, endsAt }: Hold | HoldWanted & { readonly id: string }): string {
  const what = 'deliveryId' in scope ? `delivery ${scope.deliveryId}` : `a person on ${Object.keys(scope.pseudonyms).length} days`
  return `hold ${id}: ${what} until ${new Date(endsAt).toISOString().slice(0, 10)}`
}
