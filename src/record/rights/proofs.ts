import { randomInt } from 'node:crypto'
import { MaskError } from '../../errors.js'
import { newId } from '../../ids.js'
import type { E164 } from '../../phone/types.js'
import type { DataKey, KeyRing } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'
import type { Store } from '../../store/redis.js'
import { int } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { dayOf } from '../day.js'
import type { ProofOutcome, ProofState } from './types.js'

const takeScript = loadScript(new URL('../../../src/record/lua/take-proof.lua', import.meta.url))

/** With three tries, one in 333,333 is guessed. */
const codeLength = 6
const tries = 3
/** From the beginning of the call. */
const lifeMs = 15 * 60_000

export interface Proofs {
  /** Makes a code for a phone. The code is returned here and nowhere else. */
  make(shopId: string, phone: E164): Promise<{ readonly proof: ProofState, readonly code: string }>
  /** What has become of the call. Never rejects: the code was heard or not, whether this is noted or not. */
  note(shopId: string, id: string, outcome: ProofOutcome): Promise<void>
  /** @throws MaskError not_found */
  find(shopId: string, id: string): Promise<ProofState>
  /** Takes a code that somebody heard on this phone; it works once. @throws MaskError proof_invalid */
  take(shopId: string, id: string, phone: E164, code: string): Promise<void>
}

export interface ProofsOptions {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly clock: () => number
}

/**
 * Codes in Redis, as an HMAC under a key of the shop and day over the proof, the phone and the code: neither the store
 * nor a copy of it tells a code or whose phone was rung.
 */
export function createProofs({ store, keyRing, clock }: ProofsOptions): Proofs {
  const place = (shopId: string, id: string): string => keyName('proof', `shop.${shopId}`, id)
  const key = (shopId: string, day: string): Promise<DataKey> => keyRing.use({ purpose: 'mapping', owner: shopId, period: day }, clock() + 2 * lifeMs)
  return {
    async make(shopId, phone) {
      const [id, now] = [newId(), clock()]
      const code = String(randomInt(10 ** codeLength)).padStart(codeLength, '0')
      const day = dayOf(now)
      const tag = (await key(shopId, day)).tag('proof', id, phone, code)
      await store.transaction([
        ['HSET', place(shopId, id), 'tag', tag, 'day', day, 'tries', 0, 'state', 'ringing', 'until', now + lifeMs],
        ['PEXPIRE', place(shopId, id), lifeMs]
      ])
      return { proof: { id, state: 'ringing', expiresAt: now + lifeMs }, code }
    },
    async note(shopId, id, outcome) {
      // Only as long as it is there: a proof that was used must not come back.
      const fields = outcome.told ? ['state', 'told'] : ['state', 'not_told', 'reason', outcome.reason]
      const there = await store.hget(place(shopId, id), 'tag').catch(() => undefined)
      if (there === undefined) return
      await store.transaction([['HSET', place(shopId, id), ...fields], ['PEXPIRE', place(shopId, id), lifeMs, 'LT']]).catch(() => undefined)
    },
    async find(shopId, id) {
      const fields = await store.hgetall(place(shopId, id))
      if (!fields.has('tag')) throw new MaskError('not_found')
      const reason = fields.get('reason')?.toString()
      return { id, state: fields.get('state')?.toString() as ProofState['state'], expiresAt: Number(fields.get('until')), ...(reason === undefined ? {} : { reason }) }
    },
    async take(shopId, id, phone, code) {
      const day = (await store.hget(place(shopId, id), 'day'))?.toString()
      if (day === undefined) throw new MaskError('proof_invalid')
      const tag = (await key(shopId, day)).tag('proof', id, phone, code)
      if (int(await store.run(takeScript, [place(shopId, id)], [tag, tries])) !== 1) throw new MaskError('proof_invalid')
    }
  }
}
