import t from 'tap'
import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { keyName } from '../../../src/store/keys.js'
import { wrapperOf, type MasterKeys } from '../../../src/store/keyring/master.js'
import { redisShelf } from '../../../src/store/keyring/redis-shelf.js'
import type { KeyRing, KeyScope } from '../../../src/store/keyring/types.js'
import { captured } from '../../support/log.js'
import { memoryShelf } from '../../support/memory-shelf.js'
import { testRedis, testStore } from '../../support/redis.js'
import { until } from '../../support/whole.js'
import { noon, ringOn, shelves, today } from './support.js'

const [a, b] = [randomBytes(32), randomBytes(32)]
const [idOfA, idOfB] = [wrapperOf(a).id, wrapperOf(b).id]

for (const [kind, shelfOf] of Object.entries(shelves)) {
  // Each process goes from the old master key over both to the new one; the other one is a step behind or ahead.
  const steps: MasterKeys[] = [{ current: a }, { current: b, former: a }, { current: b }]
  for (const first of [0, 1]) {
    t.test(`G6 ${kind}: the master key changes while calls go on, process ${first + 1} first`, async (t) => {
      const shelf = await shelfOf(t)
      let made = 0
      const blobs: { scope: KeyScope, blob: Buffer }[] = []
      const at = [0, 0]
      const check = async (): Promise<void> => {
        // New processes remember nothing: whatever they open, they open from the key store.
        const rings = at.map((step) => ringOn(t, shelf, { masterKeys: steps[step]! }))
        for (const ring of rings) await ring.rewrap()
        for (const ring of rings) {
          const scope = { ...today, owner: `shop${++made}` }
          blobs.push({ scope, blob: (await ring.use(scope, noon)).seal('secret', 'c') })
        }
        for (const ring of rings) for (const { scope, blob } of blobs) t.equal((await ring.open(blob, scope, 'c')).toString(), 'secret')
      }
      await check()
      for (const step of [1, 2]) {
        for (const which of [first, 1 - first]) {
          at[which] = step
          await check()
        }
      }
      const last = ringOn(t, shelf, { masterKeys: { current: b } })
      await last.rewrap()
      t.ok((await last.list()).every(({ masters }) => masters.length === 1 && masters[0] === idOfB), 'only the new one wraps')
      t.equal(await last.rewrap(), 0, 'nothing is left to do')
    })
  }
}

t.test('G6: prepared the other way round, and taken back', async (t) => {
  const shelf = memoryShelf()
  const use = async (ring: KeyRing, owner: string): Promise<string> => (await ring.use({ ...today, owner }, noon)).tag('x')
  const before = await use(ringOn(t, shelf, { masterKeys: { current: a } }), 'shop1')
  const prepared = ringOn(t, shelf, { masterKeys: { current: a, former: b } })
  await prepared.rewrap()
  t.equal(await use(ringOn(t, shelf, { masterKeys: { current: b, former: a } }), 'shop1'), before)
  const made = await use(prepared, 'shop2')
  t.equal(await use(ringOn(t, shelf, { masterKeys: { current: b } }), 'shop2'), made)
  const back = ringOn(t, shelf, { masterKeys: { current: a } })
  t.equal(await back.rewrap(), 1, 'the wrapping that was only prepared goes')
  t.same((await back.list()).map(({ masters }) => masters), [[idOfA], [idOfA]])
})

t.test('G6: a wrong master key is one sentence at the start and changes nothing', async (t) => {
  const shelf = memoryShelf()
  const right = ringOn(t, shelf, { masterKeys: { current: a } })
  await right.use(today, noon)
  const { log, text } = captured()
  const wrong = ringOn(t, shelf, { masterKeys: { current: b }, log })
  await t.rejects(wrong.rewrap(), { code: 'config_invalid', cause: /MASKLINE_MASTER_KEY_FORMER/ })
  await t.rejects(wrong.use(today, noon), { code: 'internal' })
  t.same((await right.list()).map(({ masters }) => masters), [[idOfA]])
  t.match(text(), /keys\.locked/)
})

t.test('a wrapped key that was changed, cut, or moved to another scope does not open; the others do', async (t) => {
  const redis = await testRedis(t)
  const store = await testStore(t, redis)
  const shelf = redisShelf(store)
  const ring = ringOn(t, shelf, { masterKeys: { current: a } })
  const scopes = Array.from({ length: 4 }, (_, at): KeyScope => ({ ...today, owner: `shop${at}` }))
  for (const scope of scopes) await ring.use(scope, noon)
  const put = (at: number, packed: Buffer): Promise<void> => store.hset(keyName('key', 'keys', `record.shop${at}`), { [today.period]: packed })
  const packed = (await store.hget(keyName('key', 'keys', 'record.shop0'), today.period))!
  const changed = Buffer.from(packed)
  changed[packed.length - 3]! ^= 1
  await put(0, changed)
  await put(1, packed.subarray(0, -30))
  await put(2, packed)
  const fresh = ringOn(t, shelf, { masterKeys: { current: b, former: a } })
  t.equal(await fresh.rewrap(), 1, 'one key lost is no reason not to start')
  for (const scope of scopes.slice(0, 3)) await t.rejects(fresh.use(scope, noon), { code: 'internal' }, scope.owner)
  await t.resolves(fresh.use(scopes[3]!, noon))
})

t.test('G6: after the change the files say nothing to the old master key', async (t) => {
  const redis = await testRedis(t)
  const store = await testStore(t, redis)
  const shelf = redisShelf(store)
  await ringOn(t, shelf, { masterKeys: { current: a } }).use(today, noon)
  const [before] = await shelf.read(['record.shop1.20261121'])
  const old = before!.wrapped.get(idOfA)!
  const inFiles = (): boolean => {
    const folder = join(redis.dir, 'appendonlydir')
    return readdirSync(folder).some((file) => readFileSync(join(folder, file)).includes(old))
  }
  await until(async () => inFiles() || undefined, 'the file to be written')
  await ringOn(t, shelf, { masterKeys: { current: b, former: a } }).rewrap()
  await ringOn(t, shelf, { masterKeys: { current: b } }).rewrap()
  await until(async () => !inFiles() || undefined, 'the old wrapping to be gone')
})
