import t from 'tap'
import { randomBytes } from 'node:crypto'
import { createKeyRing } from '../../../src/store/keyring/keyring.js'
import { silent } from '../../support/log.js'
import { testRedis, testStore } from '../../support/redis.js'

t.test('smoke', async (t) => {
  const store = await testStore(t, await testRedis(t))
  const ring = createKeyRing({ store, masterKeys: { current: randomBytes(32) }, log: silent })
  t.teardown(() => ring.close())
  const scope = { purpose: 'record', owner: 'shop1', period: '20261121' } as const
  const clock = Date.now()
  const key = await ring.use(scope, clock + 1000)
  const blob = key.seal('hello', 'x')
  t.equal(String(await ring.open(blob, scope, 'x')), 'hello')
  t.match(await ring.list({ purpose: 'record', owner: 'shop1' }), [{ scope }])
  t.match(await ring.destroy([scope]), [{ scope, filesRewritten: true }])
  await t.rejects(ring.use(scope, 1), { code: 'key_destroyed' })
  await t.rejects(ring.open(blob, scope, 'x'), { code: 'key_destroyed' })
  t.same(await ring.list(), [])
})
