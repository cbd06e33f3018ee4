import t, { type Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../../../src/embedded/redis.js'
import { keyJournal } from '../../../src/store/keyring/journal.js'
import { createKeyStore, openKeyRing } from '../../../src/store/keyring/open.js'
import { pair } from '../../../src/store/keyring/pair.js'
import { redisShelf } from '../../../src/store/keyring/redis-shelf.js'
import { createStore, type Store } from '../../../src/store/redis.js'
import { captured, silent } from '../../support/log.js'
import { testRedis, testStore } from '../../support/redis.js'
import { noon, ringOn, today } from './support.js'

/** A key store as the embedded start makes it. */
async function keyServer(t: Pick<Test, 'teardown'>): Promise<{ url: string, pid: number, dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-keys-'))
  const server = await startPrivateRedis({ dir, log: silent, forKeys: true })
  t.teardown(async () => {
    await server.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return { ...server, dir }
}

const dataServer = await testRedis(t)
const keysServer = await keyServer(t)
const masterKeys = { current: randomBytes(32) }
const flush = async (...stores: Store[]): Promise<void> => {
  for (const store of stores) for await (const names of store.scan('*')) if (names.length > 0) await store.del(...names)
}

/** The credentials of one server at the address of another. */
function crossed(credentials: string, address: string): string {
  const url = new URL(address)
  const { username, password } = new URL(credentials)
  return Object.assign(url, { username, password }).toString()
}

t.test('G7: the credentials of the data open no keys, those of the keys no data, and nobody gets in without', async (t) => {
  const nobody = new URL(keysServer.url)
  Object.assign(nobody, { username: '', password: '' })
  for (const url of [crossed(dataServer.url, keysServer.url), crossed(keysServer.url, dataServer.url), nobody.toString()]) {
    const store = createStore({ url, commandTimeoutMs: 500, log: silent })
    t.teardown(() => store.close())
    await t.rejects(store.ready(500), { code: 'store_unavailable' })
    await t.rejects(store.get('key:{keys}:record.shop1'), { code: 'store_unavailable' })
  }
  for (const { pid } of [dataServer, keysServer]) t.notMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /redis:|[\w-]{32}/, 'no password on the command line')
})

t.test('G7: the account of the keys may do with keys what is needed, and nothing else', async (t) => {
  const store = await testStore(t, keysServer)
  const ring = ringOn(t, redisShelf(store), { masterKeys })
  await ring.use(today, noon)
  await ring.rewrap()
  t.match(await ring.destroy([today]), [{ filesRewritten: true }])
  for (const command of [['CONFIG', 'GET', '*'], ['MONITOR'], ['KEYS', '*'], ['FLUSHALL'], ['FLUSHDB'], ['SAVE'], ['ACL', 'LIST'], ['SHUTDOWN'], ['REPLICAOF', 'NO', 'ONE'], ['SLOWLOG', 'GET'], ['CLIENT', 'KILL', 'ID', '1'], ['SCRIPT', 'FLUSH'], ['SUBSCRIBE', 'x'], ['PUBLISH', 'x', 'y']] as const) {
    await t.rejects(store.call(command[0], ...command.slice(1)), { code: 'store_unavailable' }, command.join(' '))
  }
  await store.hset('anchor:{shop.one}', { seq: 1 })
  t.equal(await store.del('anchor:{shop.one}'), 1, 'heads of the audit trail are kept here too')
  await t.rejects(store.set('other', 'x'), { code: 'store_unavailable' }, 'a name that is no key of ours')
  await flush(store)
})

t.test('the key store writes before it answers, keeps no snapshot, no slow log, and forgets nothing for room', async (t) => {
  const [settings, kept] = ['keys-redis.conf', 'redis.conf'].map((name) => readFileSync(new URL(`../../../config/${name}`, import.meta.url), 'utf8'))
  for (const line of ['appendonly yes', 'appendfsync always', 'save ""', 'maxmemory-policy noeviction', 'slowlog-max-len 0']) {
    t.ok(settings!.split('\n').includes(line), `keys: ${line}`)
    t.ok(kept!.split('\n').includes(line), `data: ${line}`)
  }
})

t.test('keys and data belong together', async (t) => {
  const [data, keys] = [await testStore(t, dataServer), await testStore(t, keysServer)]
  await Promise.all(Array.from({ length: 8 }, () => pair(keys, data)))
  const id = String(await keys.get('installation:{keys}'))
  t.match(id, /^[a-z]{20}$/)
  t.equal(String(await data.get('installation:{maskline}')), id, 'also when several processes start at once')
  await data.set('rec:{shop.one}', 'x')
  await t.resolves(pair(keys, data), 'after a restart')

  await keys.set('installation:{keys}', 'another')
  await t.rejects(pair(keys, data), { code: 'config_invalid', cause: /^The key store .* belongs to another installation than the data/ })
  await flush(keys)
  await t.rejects(pair(keys, data), { code: 'config_invalid', cause: /^There are data .* but the key store .* is empty/ })
  await data.del('installation:{maskline}')
  await t.rejects(pair(keys, data), { code: 'config_invalid', cause: /is empty/ }, 'data of before there were keys')
  t.equal(await keys.get('installation:{keys}'), undefined, 'and nothing was written')

  await flush(data)
  await keys.set('installation:{keys}', id)
  await pair(keys, data)
  t.equal(String(await data.get('installation:{maskline}')), id, 'data that were lost begin anew beside their keys')
  await flush(keys, data)
})

t.test('G6: no start with a master key that does not open what is there', async (t) => {
  const [data, keys] = [await testStore(t, dataServer), await testStore(t, keysServer)]
  const options = { store: keys, log: silent, clock: () => noon }
  const { ring: first } = await openKeyRing(data, { ...options, masterKeys })
  await first.use(today, noon)
  await first.close()
  await t.rejects(openKeyRing(data, { ...options, masterKeys: { current: randomBytes(32) } }), { code: 'config_invalid', cause: /another master key/ })
  const next = { current: randomBytes(32), former: masterKeys.current }
  const turned = await openKeyRing(data, { ...options, masterKeys: next })
  t.equal(turned.rewrapped, 1)
  await turned.ring.close()
  const { ring: after } = await openKeyRing(data, { ...options, masterKeys: { current: next.current } })
  t.teardown(() => after.close())
  await t.resolves(after.use(today, noon))
  await flush(keys, data)
})

t.test('a key store without a file is told', async (t) => {
  const [data, keys] = [await testStore(t, dataServer), await testStore(t, keysServer)]
  const { log, text } = captured()
  const volatile: Store = { ...keys, call: async (command, ...args) => command === 'INFO' ? Buffer.from('# Persistence\r\naof_enabled:0\r\n') : keys.call(command, ...args) }
  const { ring } = await openKeyRing(data, { store: volatile, log, masterKeys })
  t.match(text(), /keys\.not_durable/)
  await ring.use(today, Date.now())
  t.match(await ring.destroy([today]), [{ filesRewritten: true }], 'there is no file to rewrite')
  await ring.close()
  await flush(keys, data)
})

t.test('the address of the key store is checked', async (t) => {
  const create = (url: string, dataUrl = 'redis://127.0.0.1:6379'): Store => createKeyStore({ url, dataUrl, commandTimeoutMs: 100, log: silent })
  const refused: [url: string, cause: RegExp, dataUrl?: string][] = [
    ['redis://a b', /^The setting keys\.url \(MASKLINE_KEYS_URL\) is not of the form/],
    ['redis://127.0.0.1:7000?cluster=1', /a cluster is not made for keys/],
    ['redis://u:p@127.0.0.1:6379', /names the server of redis\.url/],
    ['redis://127.0.0.1/1', /names the server of redis\.url/],
    ['redis://b:1', /names the server of redis\.url/, 'redis://a:1,b:1?cluster=1']
  ]
  for (const [url, cause, dataUrl] of refused) t.throws(() => create(url, dataUrl), { code: 'config_invalid', cause }, url)
  await create('redis://127.0.0.1:6380').close()
})

t.test('the journal beside the data forgets after 400 days, but nothing without a date', async (t) => {
  const data = await testStore(t, dataServer)
  const journal = keyJournal(data)
  t.equal(await journal.last(), 0)
  await journal.note(['record.a.20250101', 'settings.a.0'], noon - 401 * 86_400_000)
  await journal.note(Array.from({ length: 1200 }, (_, at) => `record.s${at}.20261120`), noon)
  const all = await journal.all()
  t.equal(all.length, 1201)
  t.ok(all.includes('settings.a.0'))
  t.equal(await journal.last(), noon)
  await flush(data)
})
