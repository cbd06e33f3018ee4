import { createHash, timingSafeEqual } from 'node:crypto'
import type { Config, ShopConfig } from '../config.js'

/** A tenant as the rooms see it. */
export type Shop = ShopConfig

/** Who may ask for lines. */
export interface Shops {
  find(id: string): Shop | undefined
  /** The shop whose key this is. Takes as long for a wrong key as for a right one. */
  byKey(key: string): Shop | undefined
}

interface KeyEntry {
  readonly digest: Buffer
  readonly shop: Shop
}

/**
 * The shops of the configuration. Keys are kept as SHA-256 digests only: they are long and random,
 * so a slow hash would buy nothing, and a memory dump holds no usable key.
 * @param keys shop id → its API keys; see `apiKeyOf` for the first shop's
 */
export function createShops(config: Pick<Config, 'shops'>, keys: Readonly<Record<string, readonly string[]>>): Shops {
  const shops = new Map(config.shops.map((shop) => [shop.id, shop]))
  const entries: KeyEntry[] = config.shops.flatMap((shop) => (keys[shop.id] ?? []).map((key) => ({ digest: digestOf(key), shop })))
  return {
    find: (id) => shops.get(id),
    byKey(key) {
      const digest = digestOf(key)
      // Every entry is compared, so that the time tells nothing about which one came close.
      return entries.reduce<Shop | undefined>((found, entry) => timingSafeEqual(entry.digest, digest) ? entry.shop : found, undefined)
    }
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
