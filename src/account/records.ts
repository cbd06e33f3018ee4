import { mappingKey } from '../line/people.js'
import type { Party } from '../line/types.js'
import { poolKey } from '../store/keys.js'
import type { KeyRing } from '../store/keyring/types.js'
import type { Store } from '../store/redis.js'
import { bytes, int, list, text } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { nonceLifeMs } from './nonce.js'
import type { SecretHashes } from './response.js'
import type { Account, Whereabouts } from './types.js'

const script = (name: string): ReturnType<typeof loadScript> => loadScript(new URL(`../../src/account/lua/${name}.lua`, import.meta.url))
const scripts = { handOut: script('hand-out'), spendNonce: script('spend-nonce'), bind: script('bind'), whereabouts: script('whereabouts'), end: script('end-account') }

/** What is kept of an account, sealed by the key of its shop and day like the delivery that it belongs to. */
interface Secret {
  readonly deliveryId: string
  readonly party: Party
  readonly hashes: SecretHashes
}

/** An account with what its password is checked by. */
export interface StoredAccount {
  readonly account: Account
  readonly hashes: SecretHashes
}

/** Accounts and registrations in Redis, all of a pool on its slot. Every method rejects with MaskError only. */
export interface AccountRecords {
  /** @param endsAt Unix ms */
  save(stored: StoredAccount, endsAt: number): Promise<void>
  find(name: string): Promise<StoredAccount | undefined>
  /** @returns false when this count was used with the nonce already */
  spend(name: string, nonce: string, count: number): Promise<boolean>
  /** @param where undefined: nowhere @returns false when the account has ended */
  bind(account: Account, where: Whereabouts | undefined, forMs: number): Promise<boolean>
  whereabouts(deliveryId: string): Promise<Whereabouts | undefined>
  /** The Contact URI that an account is registered with, and for how long yet (ms); undefined: it is nowhere. */
  binding(account: Account): Promise<{ readonly uri: string, readonly leftMs: number } | undefined>
  /** Ends the account of a delivery of this shop, if there is one. */
  end(shopId: string, deliveryId: string): Promise<void>
}

export function createAccountRecords({ store, keys, clock }: { store: Store, keys: KeyRing, clock: () => number }): AccountRecords {
  const seal = async (shopId: string, value: unknown, context: string, neededUntil: number): Promise<Buffer> =>
    (await mappingKey(keys, shopId, clock(), neededUntil)).seal(JSON.stringify(value), context)
  const open = async <T>(shopId: string, blob: Buffer, context: string): Promise<T> =>
    JSON.parse((await keys.open(blob, { purpose: 'mapping', owner: shopId }, context)).toString('utf8')) as T
  const slot = (name: string): string => poolKey('pool', poolOf(name))

  return {
    async save({ account: { name, shopId, deliveryId, party }, hashes }, endsAt) {
      const sealed = await seal(shopId, { deliveryId, party, hashes } satisfies Secret, `account ${name}`, endsAt)
      await store.run(scripts.handOut, [slot(name)], [localOf(deliveryId), name, shopId, sealed, endsAt])
    },
    async find(name) {
      const fields = await store.hgetall(poolKey('acct', poolOf(name), name))
      const [shopId, sealed] = [fields.get('s')?.toString(), fields.get('d')]
      if (shopId === undefined || sealed === undefined) return undefined
      const { deliveryId, party, hashes } = await open<Secret>(shopId, sealed, `account ${name}`)
      return { account: { name, shopId, deliveryId, party }, hashes }
    },
    spend: async (name, nonce, count) => int(await store.run(scripts.spendNonce, [slot(name)], [name, nonce, count, nonceLifeMs])) === 1,
    async bind({ name, shopId }, where, forMs) {
      const sealed = where === undefined ? '' : await seal(shopId, where, `bound ${name}`, clock() + forMs)
      return int(await store.run(scripts.bind, [slot(name)], [name, sealed, forMs])) === 1
    },
    async binding({ name, shopId }) {
      const key = poolKey('bound', poolOf(name), name)
      const [sealed, leftMs] = await store.transaction([['GET', key], ['PTTL', key]])
      if (!Buffer.isBuffer(sealed)) return undefined
      const { uri } = await open<Whereabouts>(shopId, sealed, `bound ${name}`)
      return { uri, leftMs: int(leftMs) }
    },
    end: async (shopId, deliveryId) => { await store.run(scripts.end, [slot(deliveryId)], [localOf(deliveryId), shopId]) },
    async whereabouts(deliveryId) {
      const reply = await store.run(scripts.whereabouts, [slot(deliveryId)], [localOf(deliveryId)])
      if (reply === null) return undefined
      const [name, shopId, sealed] = list(reply)
      return open<Whereabouts>(text(shopId), bytes(sealed), `bound ${text(name)}`)
    }
  }
}

/** Ids of deliveries and names of accounts begin with their pool. */
const poolOf = (id: string): string => id.slice(0, id.indexOf('-'))
const localOf = (id: string): string => id.slice(id.indexOf('-') + 1)
