import t from 'tap'
import { createStore } from '../../src/store/redis.js'
import { lockOut, startSentinel, until } from '../support/cluster.js'
import { silent } from '../support/log.js'

t.test('a primary that the sentinels cannot reach is left as soon as they name another, although it lives', async (t) => {
  const site = await startSentinel(t, 1)
  const store = createStore({ url: `${site.url}&wait=0`, commandTimeoutMs: 5000, log: silent })
  t.teardown(() => store.close())
  await store.ready(20_000)
  await store.set('phone', 'before')
  const old = await site.primary()
  await lockOut(old, 'sentinel')
  const next = await site.failOver()
  t.not(next.port, old.port)
  t.match(String(await old.store.call('INFO', 'replication')), 'role:master', 'nobody has told the old one')
  await next.store.set('phone', 'after')
  await until(async () => String(await store.get('phone')) === 'after', 'what the new primary knows')
  t.equal(String(await old.store.get('phone')), 'before')
})
