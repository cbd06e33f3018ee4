import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Ceilings, type Config, type ShopConfig } from '../config.js'
import { MaskError } from '../errors.js'
import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'
import { swap } from './swap.js'

/** A tenant as the rooms see it. */
export type Shop = ShopConfig

/** What may change of a shop. Its pool never does: deliveries and numbers lie there. */
export type ShopChange = Partial<Pick<Shop, 'name' | 'country'>> & { readonly language?: NonNullable<Shop['language']>, readonly ceilings?: NonNullable<Shop['ceilings']> }

/** The tenants: those of the configuration, and those that an operator made over the API. */
export interface Shops {
  find(id: string): Shop | undefined
  /** Every shop, the first of the configuration first. At most a few seconds behind other processes. */
  all(): readonly Shop[]
  /** As find, and looks for one that another process may just have made. @throws MaskError store_unavailable */
  seek(id: string): Promise<Shop | undefined>
  /** Whether it stands in the configuration and is changed there. */
  isConfigured(id: string): boolean
  /** Learns what other processes changed. @throws MaskError store_unavailable */
  refresh(): Promise<void>
  /** @throws MaskError shop_exists (also when there once was one of this id), request_invalid (no such pool), store_unavailable, store_full */
  create(shop: Shop): Promise<Shop>
  /** @throws MaskError shop_not_found, shop_configured, store_unavailable, store_full */
  change(id: string, change: ShopChange): Promise<Shop>
  close(): void
}

export interface ShopsOptions {
  readonly config: Pick<Config, 'shops' | 'pools'>
  readonly store: Store
  readonly log: Log
}

/** A change in one process is known in all within this time. */
const refreshEveryMs = 2000
/** Made-up ids have the store asked no more often than this. */
const seekEveryMs = 500
const rows = keyName('shops', 'shops')
/** Ids that were ever given, so that none is given again: audit trails and records outlive a shop. */
const taken = keyName('shopids', 'shops')

const Row = Type.Object({
  id: Type.String({ pattern: '^[a-z0-9]{1,16}$' }),
  name: Type.String({ minLength: 1, maxLength: 80 }),
  pool: Type.String({ pattern: '^[a-z0-9]{1,16}$' }),
  country: Type.String({ pattern: '^[A-Z]{2}$' }),
  language: Type.Optional(Type.Union([Type.Literal('en'), Type.Literal('et'), Type.Literal('ru')])),
  ceilings: Type.Optional(Ceilings)
}, { additionalProperties: false })

/** Reads the shops and goes on reading them. @throws MaskError store_unavailable, store_full */
export async function createShops({ config, store, log }: ShopsOptions): Promise<Shops> {
  const configured = new Map(config.shops.map((shop) => [shop.id, shop]))
  const pools = new Set(config.pools.map(({ id }) => id))
  let known = new Map<string, Shop>(configured)

  let refreshedAt = 0
  let sought: Promise<void> | undefined
  const refresh = async (): Promise<void> => {
    refreshedAt = performance.now()
    const made = [...(await store.hgetall(rows)).values()].flatMap((blob) => readRow(blob, log))
    // The configuration wins: it is what the operator reads. A shop whose pool is gone could not serve anybody.
    known = new Map([...configured, ...made.filter(({ id, pool }) => !configured.has(id) && pools.has(pool)).map((shop) => [shop.id, shop] as const)])
  }
  await store.call('SADD', taken, ...configured.keys())
  await refresh()
  const timer = setInterval(() => { refresh().catch((error: unknown) => log.debug('shops.stale', errorFields(error))) }, refreshEveryMs)
  timer.unref()

  return {
    refresh,
    find: (id) => known.get(id),
    all: () => [...known.values()],
    async seek(id) {
      if (!known.has(id) && performance.now() - refreshedAt > seekEveryMs) sought = refresh().finally(() => { sought = undefined })
      // Whoever comes while the store is being asked waits for the same answer.
      if (!known.has(id)) await sought
      return known.get(id)
    },
    isConfigured: (id) => configured.has(id),
    close: () => { clearInterval(timer) },
    async create(shop) {
      if (!pools.has(shop.pool)) throw new MaskError('request_invalid', { field: 'pool' })
      if (await store.call('SADD', taken, shop.id) !== 1) throw new MaskError('shop_exists', { field: 'id' })
      await store.hset(rows, { [shop.id]: JSON.stringify(shop) })
      await refresh()
      return shop
    },
    async change(id, change) {
      if (configured.has(id)) throw new MaskError('shop_configured')
      const shop = await swap(store, rows, id, async (blob) => {
        const [row] = blob === undefined ? [] : readRow(blob, log)
        if (row === undefined) throw new MaskError('shop_not_found')
        const next = { ...row, ...change }
        return { blob: Buffer.from(JSON.stringify(next)), value: next }
      })
      await refresh()
      return shop
    }
  }
}

function readRow(blob: Buffer, log: Log): Shop[] {
  try {
    const row: unknown = JSON.parse(blob.toString('utf8'))
    if (Value.Check(Row, row)) return [row]
  } catch {
    // Reported below, like what has the wrong form.
  }
  log.error('shops.unreadable')
  return []
}
