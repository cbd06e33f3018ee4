import { keyName } from '../keys.js'
import type { Store } from '../redis.js'
import { bytes, int, list, text } from '../reply.js'
import { loadScript, type Script } from '../scripts.js'
import { pack, unpack, unpackGone } from './packed.js'
import { createRewriter } from './rewrite.js'
import { firstRemembered } from './scope.js'
import type { KeptKey, KeyShelf } from './shelf.js'
import { keyPurposes, type KeyPurpose, type KeyStats } from './types.js'

const script = (name: string): Script => loadScript(new URL(`../../../src/store/keyring/lua/${name}.lua`, import.meta.url))
const scripts = { use: script('use-key'), swap: script('swap-key'), destroy: script('destroy-keys'), purge: script('purge-keys'), prune: script('prune-keys'), count: script('count-keys'), last: script('note-last') }

/** Everything of the key store lies on one slot; it is small. */
const place = 'keys'
/** A hash for each purpose and owner: period → key (packed.ts) or what is left of one. */
const hashOf = (group: string): string => keyName('key', place, group)
/** Scopes whose keys may still be in the server's files. */
const purge = keyName('purge', place)
/** When something was destroyed last (ms). */
const last = keyName('last', place)

/**
 * Keys in a Redis of their own. Every script makes one change at most: Redis 7 puts several between MULTI and EXEC in
 * its append-only file, and leaves them out when it loads the file while its default user has no rights.
 */
export function redisShelf(store: Store): KeyShelf {
  const rewrite = createRewriter(store)
  return {
    async use(scope, fresh, { now, neededUntil, begins }) {
      const { group, period } = split(scope)
      const packed = begins ? pack({ ...fresh, createdAt: now, neededUntil }) : ''
      const [made, kept] = list(await store.runDurably(scripts.use, [hashOf(group)], [period, neededUntil, packed]))
      const key = bytes(kept).length === 0 ? undefined : unpack(scope, bytes(kept))
      return key && { key, made: text(made) === '1' }
    },
    read: (scopes) => readKeys(store, scopes),
    list: (of) => listKeys(store, of),
    count: () => countKeys(store),
    async destroy(scopes, now) {
      if (scopes.length === 0) return []
      await store.call('SADD', purge, ...scopes)
      const left = await byGroup(scopes, async (group, periods) => list(await store.runDurably(scripts.destroy, [hashOf(group)], [now, ...periods])))
      await store.run(scripts.last, [last], [now])
      return scopes.flatMap((scope) => unpackGone(scope, text(left.get(scope))) ?? [])
    },
    lastDestroyed: async () => Number(await store.get(last) ?? 0),
    rewrap: (key, master, wrapped, without) => rewrap(store, key, (now) => {
      const all = [...now, ...(wrapped ? [[master, wrapped] as const] : [])]
      return new Map(all.filter(([id]) => !without.includes(id)))
    }),
    async purge({ also = [], always = false, now }) {
      // What is destroyed from here on waits for the next rewrite: this one may have begun by then.
      const scopes = [...new Set([...list(await store.call('SMEMBERS', purge)).map(text), ...also])]
      if (scopes.length === 0 && !always) return true
      if (!await rewrite()) return false
      await byGroup(scopes, async (group, periods) => {
        await store.run(scripts.purge, [hashOf(group)], periods)
        await store.run(scripts.prune, [hashOf(group)], [firstRemembered(now)])
        return []
      })
      if (scopes.length > 0) await store.call('SREM', purge, ...scopes)
      return true
    }
  }
}

function split(scope: string): { group: string, period: string } {
  const at = scope.lastIndexOf('.')
  return { group: scope.slice(0, at), period: scope.slice(at + 1) }
}

/** Does the work once for each purpose and owner. @returns its results by scope */
async function byGroup<T>(scopes: readonly string[], work: (group: string, periods: string[]) => Promise<readonly T[]>): Promise<Map<string, T>> {
  const groups = new Map<string, string[]>()
  for (const scope of new Set(scopes)) {
    const { group, period } = split(scope)
    groups.set(group, [...groups.get(group) ?? [], period])
  }
  const results = await Promise.all([...groups].map(async ([group, periods]) => (await work(group, periods)).map((result, at) => [`${group}.${periods[at]!}`, result] as const)))
  return new Map(results.flat())
}

async function readKeys(store: Store, scopes: readonly string[]): Promise<(KeptKey | undefined)[]> {
  const found = await byGroup(scopes, async (group, periods) => list(await store.call('HMGET', hashOf(group), ...periods)))
  return scopes.map((scope) => {
    const packed = found.get(scope)
    return Buffer.isBuffer(packed) ? unpack(scope, packed) : undefined
  })
}

async function rewrap(store: Store, key: KeptKey, change: (wrapped: KeptKey['wrapped']) => KeptKey['wrapped']): Promise<boolean> {
  const { group, period } = split(key.scope)
  for (;;) {
    const packed = await store.hget(hashOf(group), period)
    const now = packed && unpack(key.scope, packed)
    if (packed === undefined || now?.fingerprint !== key.fingerprint) return false
    const next = pack({ ...now, wrapped: change(now.wrapped) })
    // Another process may have changed until when the key is needed.
    if (int(await store.runDurably(scripts.swap, [hashOf(group)], [period, packed, next])) === 1) return true
  }
}

async function * groupsOf(store: Store, { purpose, owner }: Parameters<KeyShelf['list']>[0]): AsyncGenerator<string[]> {
  if (purpose !== undefined && owner !== undefined) { yield [`${purpose}.${owner}`]; return }
  if (owner !== undefined) { yield keyPurposes.map((one) => `${one}.${owner}`); return }
  const prefix = hashOf('')
  const seen = new Set<string>()
  for await (const names of store.scan(`${prefix}${purpose === undefined ? '' : `${purpose}.`}*`)) {
    const groups = names.map((name) => name.slice(prefix.length)).filter((group) => !seen.has(group))
    for (const group of groups) seen.add(group)
    yield [...new Set(groups)]
  }
}

async function * listKeys(store: Store, of: Parameters<KeyShelf['list']>[0]): AsyncGenerator<KeptKey[]> {
  for await (const groups of groupsOf(store, of)) {
    for (const group of groups) {
      const kept = await store.hgetall(hashOf(group))
      yield [...kept].flatMap(([period, packed]) => unpack(`${group}.${period}`, packed) ?? [])
    }
  }
}

async function countKeys(store: Store): Promise<KeyStats['alive']> {
  const counts = Object.fromEntries(keyPurposes.map((purpose) => [purpose, 0])) as Record<KeyPurpose, number>
  for await (const groups of groupsOf(store, {})) {
    const alive = await Promise.all(groups.map(async (group) => int(await store.run(scripts.count, [hashOf(group)], []))))
    groups.forEach((group, at) => { counts[group.split('.')[0] as KeyPurpose] += alive[at]! })
  }
  return counts
}
