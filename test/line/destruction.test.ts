import t, { type Test } from 'tap'
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../../src/embedded/redis.js'
import { createLines } from '../../src/line/lines.js'
import { epochMs } from '../../src/line/tags.js'
import { createKeyRing } from '../../src/store/keyring/keyring.js'
import type { DataKey, KeyRing } from '../../src/store/keyring/types.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { startNode } from '../support/cluster.js'
import { silent } from '../support/log.js'
import { lineConfig, person, quarantineSeconds } from '../support/lines.js'

const master = randomBytes(32)
const everybody = Array.from({ length: 95 }, (_, at) => person(at))
const references = ['order-1', 'order-2', 'order-3']
const hour = 3_600_000

interface Server { readonly store: Store, close(): Promise<void> }

async function serve(t: Test, dir: string, forKeys = false): Promise<Server> {
  const redis = await startPrivateRedis({ dir, log: silent, forKeys })
  const store = createStore({ url: redis.url, commandTimeoutMs: 5000, log: silent })
  await store.ready(10_000)
  const stops = [() => store.close(), () => redis.close()]
  const close = async (): Promise<void> => { for (const stop of stops.splice(0)) await stop() }
  t.teardown(close)
  return { store, close }
}

/** What somebody gets out of a copy of the data, with the keys that they have. */
interface Loot {
  /** Deliveries in the copy, and those whose people could be read. */
  readonly sealed: number
  readonly opened: number
  /** Tags of phones, slots of references: all, and those that could be told from a guess. */
  readonly tags: number
  readonly guessed: number
}

/** Opens what opens, and tries every phone that there is and every reference under every key. */
async function loot(copy: Store, keys: KeyRing): Promise<Loot> {
  const names: string[] = []
  for await (const some of copy.scan('*')) names.push(...some)
  let opened = 0
  const deliveries = names.filter((name) => name.startsWith('d:'))
  for (const name of deliveries) {
    const [shop, sealed] = await copy.call('EVAL', 'local d = cmsgpack.unpack(redis.call("GET", KEYS[1])) return { d[1], d[#d] }', 1, name) as [Buffer, Buffer]
    opened += await keys.open(sealed, { purpose: 'mapping', owner: String(shop) }, `demo-${name.split(':')[2]!}`).then(() => 1, () => 0)
  }
  const there = new Set<string>()
  for (const name of names.filter((one) => /^(b|try):/.test(one))) there.add(name.split(':').at(-1)!)
  for (const name of names.filter((one) => one.startsWith('ref:'))) for (const field of (await copy.hgetall(name)).keys()) there.add(field)
  const guessed = new Set<string>()
  for (const tag of [...await ringTaggers(keys), ...masterTaggers()]) {
    for (const phone of everybody) guessed.add(tag('phone', phone)).add(tag('demo', phone)).add(tag(phone))
    // A slot ends with a part of the tag (src/line/slot.ts).
    for (const reference of references) guessed.add(tag('reference', 'shop', reference).slice(3, 17)).add(tag('shop', reference).slice(3, 17))
  }
  return { sealed: deliveries.length, opened, tags: there.size, guessed: [...there].filter((tag) => guessed.has(tag)).length }
}

type Tagger = (...parts: string[]) => string

/** With every key that is still there, whatever it is for. */
async function ringTaggers(keys: KeyRing): Promise<Tagger[]> {
  const alive = await Promise.all((await keys.list()).map(({ scope }) => keys.find(scope)))
  return alive.filter((key): key is DataKey => key !== undefined).map((key) => (...parts) => key.tag(...parts))
}

/** What comes out of the master key by itself, the ways in which keys were ever derived here. */
function masterTaggers(): Tagger[] {
  const purposes = ['', 'seal', 'tag', 'tag:phone', 'tag:reference', 'keyring wrap', 'keyring id', 'data tag', 'data seal']
  return [master, ...purposes.map((purpose) => Buffer.from(hkdfSync('sha256', master, 'maskline', purpose, 32)))].map((key) => (...parts) => {
    const hmac = createHmac('sha256', key)
    for (const part of parts) hmac.update(`${part.length}:${part}`)
    return hmac.digest().toString('base64url', 0, 16)
  })
}

t.test('G3, G4: data files from before a destruction, with the master key and all keys that are left, tell nobody', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-destruction-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const clock = { now: Math.ceil(1_700_000_000_000 / epochMs) * epochMs - hour }
  const [data, keyStore] = [await serve(t, join(dir, 'data')), await serve(t, join(dir, 'keys'), true)]
  const keys = createKeyRing({ store: keyStore.store, masterKeys: { current: master }, log: silent, clock: () => clock.now })
  t.teardown(() => keys.close())
  const linesOver = (store: Store): ReturnType<typeof createLines> => {
    const lines = createLines({ store, keys, config: lineConfig(), log: silent, clock: () => clock.now })
    t.teardown(() => lines.stop())
    return lines
  }
  const lines = linesOver(data.store)
  const wanted = { shopId: 'shop', poolId: 'demo', courier: person(11), customer: person(12), quarantineSeconds, direction: 'both' as const }
  // Before, across and after the turn of an epoch.
  const first = await lines.allocate({ ...wanted, reference: references[0]!, expiresAt: clock.now + 2 * hour })
  await lines.change('shop', first.id, { courier: person(13), expiresAt: clock.now + 3 * hour })
  const second = await lines.allocate({ ...wanted, reference: references[1]!, customer: person(14), expiresAt: clock.now + hour })
  await lines.close('shop', second.id)
  clock.now += 2 * hour
  await lines.addPhone('shop', first.id, 'customer', person(15))
  await lines.allocate({ ...wanted, reference: references[2]!, customer: person(16), expiresAt: clock.now + hour })
  await lines.redeem({ number: first.number, caller: person(17), code: 'no', party: 'courier', callId: 'c' })
  await lines.lookup(first.number, person(18), 'c2')

  await data.store.call('SAVE')
  for (const kind of ['aof', 'rdb']) cpSync(join(dir, 'data'), join(dir, kind), { recursive: true, filter: (file) => !file.endsWith('.pid') })
  rmSync(join(dir, 'rdb', 'appendonlydir'), { recursive: true })
  const copy = await serve(t, join(dir, 'aof'))
  const rdbCopy = await startNode(t, [`dir ${join(dir, 'rdb')}`, 'appendonly no'])
  await rdbCopy.store.ready(10_000)
  for (const { store } of [copy, rdbCopy]) {
    const found = await loot(store, keys)
    t.match(found, { sealed: 3, opened: 3 }, 'as long as the keys live everything opens')
    t.ok(found.guessed >= 8, `${found.guessed} of ${found.tags} tags can be told by trying every phone`)
  }
  t.match(await linesOver(copy.store).lookup(first.number, person(13), 'c3'), { kind: 'connect', callee: person(12) })

  const then = clock.now
  clock.now += 8 * 86_400_000
  await lines.sweep()
  const due = (await keys.list()).filter(({ neededUntil }) => neededUntil < clock.now)
  t.same([...new Set(due.map(({ scope }) => scope.purpose))].sort(), ['mapping', 'tag'])
  const proofs = await keys.destroy(due.map(({ scope }) => scope))
  t.ok(proofs.length >= 4 && proofs.every(({ filesRewritten }) => filesRewritten))

  for (const [kind, { store }] of [['aof', copy], ['rdb', rdbCopy]] as const) {
    const left = await loot(store, keys)
    t.match(left, { sealed: 3, opened: 0, guessed: 0 }, `${kind}: ${left.sealed} deliveries and ${left.tags} tags, none of them of use`)
  }
  // The application itself, on the old data at the old time, knows nobody either.
  clock.now = then
  const restored = linesOver(copy.store)
  for (const caller of everybody) t.not((await restored.lookup(first.number, caller, `r${caller}`).catch(() => ({ kind: 'failed' }))).kind, 'connect')
  await t.rejects(restored.find('shop', first.id), { code: 'delivery_not_found' })

  const bytes = Buffer.concat(readdirSync(join(dir, 'aof'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => readFileSync(join(parentPath, name))))
  t.same(everybody.filter((phone) => bytes.includes(phone.slice(1)) || bytes.includes(`0${phone.slice(3)}`)), [], 'no number in names or values')
})
