import t, { type Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startPrivateRedis } from '../../../src/embedded/redis.js'
import { createKeyRing } from '../../../src/store/keyring/keyring.js'
import { openKeyRing } from '../../../src/store/keyring/open.js'
import { redisShelf } from '../../../src/store/keyring/redis-shelf.js'
import type { KeyRing, KeyScope } from '../../../src/store/keyring/types.js'
import { keyName } from '../../../src/store/keys.js'
import { createStore, type Store } from '../../../src/store/redis.js'
import { captured, silent } from '../../support/log.js'
import { until } from '../../support/whole.js'
import { noon, today, yesterday } from './support.js'

const masterKeys = { current: randomBytes(32) }
const secret = '+46701740605'
const row = 'rec:{shop.shop1}'

interface Running {
  readonly ring: KeyRing
  readonly keys: Store
  readonly data: Store
  readonly destroyedAgain: readonly KeyScope[]
  /** Everything that was logged. */
  readonly logged: () => string
  /** Puts everything on the disk and ends both servers. */
  stop(): Promise<void>
}

/** Both servers on the files in `dir/data` and `dir/keys`, and a key ring as the application opens it. */
async function start(t: Test, dir: string): Promise<Running> {
  const servers = await Promise.all([startPrivateRedis({ dir: join(dir, 'data'), log: silent }), startPrivateRedis({ dir: join(dir, 'keys'), log: silent, forKeys: true })])
  const [data, keys] = servers.map(({ url }) => createStore({ url, commandTimeoutMs: 5000, log: silent })) as [Store, Store]
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => { for (const one of stops.splice(0)) await one() }
  t.teardown(stop)
  stops.push(() => data.close(), () => keys.close(), ...servers.map((server) => () => server.close()))
  await Promise.all([data.ready(10_000), keys.ready(10_000)])
  const { log, text } = captured()
  const { ring, destroyedAgain } = await openKeyRing(data, { store: keys, masterKeys, log, clock: () => noon })
  stops.unshift(() => ring.close())
  return { ring, destroyedAgain, keys, data, logged: text, stop }
}

async function write({ ring, data }: Running): Promise<void> {
  for (const scope of [today, yesterday]) await data.hset(row, { [scope.period]: (await ring.use(scope, noon)).seal(secret, row) })
}

async function read({ ring, data }: Running, period: string): Promise<string> {
  return (await ring.open((await data.hget(row, period))!, today, row)).toString()
}

const filesOf = (dir: string): Buffer[] => readdirSync(join(dir, 'appendonlydir')).map((file) => readFileSync(join(dir, 'appendonlydir', file)))

async function wrappedKey({ keys }: Running, period: string): Promise<Buffer> {
  const [key] = await redisShelf(keys).read([`record.shop1.${period}`])
  return [...key!.wrapped.values()][0]!
}

t.test('G3, G12: data from before a destruction, restored with their real files, open nothing any more', async (t) => {
  const dir = t.testdir({})
  let now = await start(t, dir)
  await write(now)
  const wrapped = await wrappedKey(now, yesterday.period)
  t.equal(await read(now, yesterday.period), secret)
  await now.stop()
  cpSync(join(dir, 'data'), join(dir, 'backup-of-data'), { recursive: true })
  t.ok(filesOf(join(dir, 'keys')).some((bytes) => bytes.includes(wrapped)), 'the wrapped key is in the key store\'s files')
  t.ok(filesOf(join(dir, 'backup-of-data')).some((bytes) => bytes.includes('rec:{shop.shop1}')), 'the row is in the copy')

  now = await start(t, dir)
  t.match(await now.ring.destroy([yesterday]), [{ scope: yesterday, destroyedAt: noon, filesRewritten: true }])
  await now.data.hdel(row, yesterday.period)
  await until(async () => filesOf(join(dir, 'keys')).every((bytes) => !bytes.includes(wrapped)) || undefined, 'the wrapped key to leave the files')
  await now.stop()
  t.notOk(filesOf(join(dir, 'keys')).some((bytes) => bytes.includes(wrapped)), 'no byte of it is left on the disk')

  rmSync(join(dir, 'data'), { recursive: true })
  cpSync(join(dir, 'backup-of-data'), join(dir, 'data'), { recursive: true })
  now = await start(t, dir)
  t.ok(await now.data.hget(row, yesterday.period), 'the row is back')
  await t.rejects(read(now, yesterday.period), { code: 'key_destroyed' })
  await t.rejects(now.ring.use(yesterday, noon), { code: 'key_destroyed' })
  t.equal(await read(now, today.period), secret, 'what is alive is as it was')
})

t.test('G12: keys that come back from a backup of the key store are destroyed again at the start', async (t) => {
  const dir = t.testdir({})
  let now = await start(t, dir)
  await write(now)
  await now.stop()
  cpSync(join(dir, 'keys'), join(dir, 'backup-of-keys'), { recursive: true })
  now = await start(t, dir)
  const later = { ...today, period: '20261119' }
  const [proof] = await now.ring.destroy([yesterday])
  await now.ring.use(later, noon)
  await now.ring.destroy([later])
  await now.stop()
  rmSync(join(dir, 'keys'), { recursive: true })
  cpSync(join(dir, 'backup-of-keys'), join(dir, 'keys'), { recursive: true })
  t.ok(filesOf(join(dir, 'keys')).some((bytes) => bytes.includes(proof!.fingerprint)), 'the backup can be told by the fingerprint in the proof')

  now = await start(t, dir)
  t.same(now.destroyedAgain, [yesterday])
  t.match(now.logged(), /"count":1.*keys\.destroyed_again/)
  await t.rejects(read(now, yesterday.period), { code: 'key_destroyed' })
  await t.rejects(now.ring.use(later, noon), { code: 'key_destroyed' }, 'also what had no key in the backup')
  t.equal(await read(now, today.period), secret)
})

t.test('G12: one key alone that comes back is destroyed again', async (t) => {
  const dir = t.testdir({})
  let now = await start(t, dir)
  await write(now)
  const name = keyName('key', 'keys', 'record.shop1')
  const kept = (await now.keys.hget(name, yesterday.period))!
  await now.ring.destroy([yesterday])
  await now.keys.hset(name, { [yesterday.period]: kept })
  t.equal(await read(now, yesterday.period), secret, 'somebody put it back by hand')
  await now.stop()
  now = await start(t, dir)
  await t.rejects(read(now, yesterday.period), { code: 'key_destroyed' })
})

t.test('a destruction is finished, with the proof, by whoever asks again', async (t) => {
  const dir = t.testdir({})
  const { ring, keys } = await start(t, dir)
  await ring.use(today, noon)
  const wrapped = await wrappedKey({ keys } as Running, today.period)
  // As when the process dies between the deletion and the rewrite.
  const dying: Store = { ...keys, call: (command, ...args) => command === 'BGREWRITEAOF' ? new Promise(() => undefined) : keys.call(command, ...args) }
  const other = createKeyRing({ store: dying, masterKeys, log: silent, clock: () => noon - 5 })
  void other.destroy([today])
  await until(async () => (await ring.list()).length === 0 || undefined, 'the key to be deleted')
  t.ok(filesOf(join(dir, 'keys')).some((bytes) => bytes.includes(wrapped)), 'still in the files')
  t.match(await ring.destroy([today]), [{ scope: today, destroyedAt: noon - 5, filesRewritten: true }])
  await until(async () => filesOf(join(dir, 'keys')).every((bytes) => !bytes.includes(wrapped)) || undefined, 'the wrapped key to leave the files')
  t.same(await ring.destroy([today]), [])
})

t.test('no transaction stands in the key store\'s file: Redis 7 leaves them out when its default user has no rights', async (t) => {
  const dir = t.testdir({})
  const now = await start(t, dir)
  await write(now)
  await now.ring.use(today, noon + 3_600_000)
  await now.ring.rewrap()
  // A rewrite would tidy up what is looked for.
  const frozen = createKeyRing({ store: { ...now.keys, call: (command, ...args) => command === 'BGREWRITEAOF' ? Promise.reject(new Error('not now')) : now.keys.call(command, ...args) }, masterKeys, log: silent, clock: () => noon })
  t.match(await frozen.destroy([today, yesterday]), [{ filesRewritten: false }, { filesRewritten: false }])
  await frozen.close()
  await now.stop()
  const text = Buffer.concat(filesOf(join(dir, 'keys'))).toString('latin1')
  t.match(text, /HSET/)
  t.notMatch(text, /MULTI|EXEC/)
})
