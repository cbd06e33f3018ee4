import { keyName } from '../keys.js'
import type { Store } from '../redis.js'
import { bytes, int, list, text, type Reply } from '../reply.js'
import { loadScript } from '../scripts.js'
import { createRewriter } from './rewrite.js'
import { rememberedGoneMs } from './scope.js'
import type { Gone, KeptKey, KeyShelf } from './shelf.js'
import { keyPurposes, type KeyStats } from './types.js'

const script = (name: string) => loadScript(new URL(`../../../src/store/keyring/lua/${name}.lua`, import.meta.url))
const scripts = { use: script('use-key'), read: script('read-keys'), list: script('list-keys'), destroy: script('destroy-keys'), rewrap: script('rewrap-key') }

/** Everything of the key store lies on one slot; it is small. */
const place = 'keys'
const keyOf = (scope: string): string => keyName('key', place, scope)
const goneOf = (scope: string): string => keyName('gone', place, scope)
const alive = keyName('alive', place)
const purge = keyName('purge', place)
const last = keyName('last', place)

/** Keys that one command reads or destroys at most, so that the server stays free for others. */
const batch = 200

/** Keys in a Redis of their own. */
export function redisShelf(store: Store): KeyShelf {
  const rewrite = createRewriter(store)
  return {
    async use(scope, { fingerprint, wrapped }, { now, neededUntil, begins }) {
      const args = [scope, now, neededUntil, begins ? '1' : '0', fingerprint, ...[...wrapped].flat()]
      const [found, made, ...fields] = list(await store.runDurably(scripts.use, [keyOf(scope), goneOf(scope), alive], args))
      return int(found) === 0 ? undefined : { key: keptKey(scope, fields), made: text(made) === '1' }
    },
    async read(scopes) {
      const kept = await inBatches(scopes, async (some) => list(await store.run(scripts.read, some.map(keyOf), [])))
      return kept.map((fields, at) => list(fields).length === 0 ? undefined : keptKey(scopes[at]!, list(fields)))
    },
    list: (of) => listKeys(store, of),
    count: () => countKeys(store),
    async destroy(scopes, now) {
      const proofs = await inBatches(scopes, async (some) => list(await store.runDurably(scripts.destroy, [alive, purge, last], [now, rememberedGoneMs, ...some])))
      return scopes.flatMap((scope, at) => goneKey(scope, text(proofs[at])))
    },
    lastDestroyed: async () => Number(await store.get(last) ?? 0),
    rewrap: async ({ scope, fingerprint }, master, wrapped, without) =>
      int(await store.runDurably(scripts.rewrap, [keyOf(scope)], [fingerprint, master, wrapped ?? '', ...without])) === 1,
    async purge(always = false) {
      // What is destroyed from here on waits for the next rewrite: this one may have begun by then.
      const scopes = list(await store.call('SMEMBERS', purge)).map(text)
      if (scopes.length === 0 && !always) return true
      const done = await rewrite()
      if (done && scopes.length > 0) await store.call('SREM', purge, ...scopes)
      return done
    }
  }
}

async function countKeys(store: Store): Promise<KeyStats['alive']> {
  const counts = await Promise.all(keyPurposes.map(async (purpose) => [purpose, int(await store.call('ZLEXCOUNT', alive, `[${purpose}.`, `(${purpose}/`))] as const))
  return Object.fromEntries(counts)
}

async function * listKeys(store: Store, { purpose, owner }: Parameters<KeyShelf['list']>[0]): AsyncGenerator<KeptKey[]> {
  const prefix = purpose === undefined ? '' : owner === undefined ? `${purpose}.` : `${purpose}.${owner}.`
  // The letter behind the full stop ends the range of everything that begins with the prefix.
  const end = prefix === '' ? '+' : `(${prefix.slice(0, -1)}/`
  for (let from = prefix === '' ? '-' : `[${prefix}`; ;) {
    const page = list(await store.run(scripts.list, [alive], [from, end, batch])).map((row) => {
      const [scope, ...fields] = list(row)
      return keptKey(text(scope), fields)
    })
    yield page.filter(({ scope }) => owner === undefined || scope.split('.')[1] === owner)
    if (page.length < batch) return
    from = `(${page.at(-1)!.scope}`
  }
}

function keptKey(scope: string, flat: readonly Reply[]): KeptKey {
  const fields = new Map<string, Buffer>()
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(text(flat[at]), bytes(flat[at + 1]))
  const wrapped = new Map([...fields].flatMap(([name, value]) => name.startsWith('w:') ? [[name.slice(2), value] as const] : []))
  return { scope, createdAt: int(fields.get('c')), neededUntil: int(fields.get('n')), fingerprint: text(fields.get('f')), wrapped }
}

/** @param proof `<destroyed at>:<fingerprint>`, without the latter where there was no key */
function goneKey(scope: string, proof: string): Gone[] {
  const [destroyedAt = '', fingerprint = ''] = proof.split(':')
  return fingerprint === '' ? [] : [{ scope, destroyedAt: Number(destroyedAt), fingerprint }]
}

async function inBatches<T>(items: readonly string[], work: (some: string[]) => Promise<readonly T[]>): Promise<T[]> {
  const results: T[] = []
  for (let at = 0; at < items.length; at += batch) results.push(...await work(items.slice(at, at + batch)))
  return results
}
