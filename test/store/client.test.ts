import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { parseRedisUrl, writeGatherer } from '../../src/store/client.js'

t.test('one Redis, one behind Sentinel, a cluster', async (t) => {
  t.same(parseRedisUrl('redis://localhost'), { tls: false, hosts: [{ host: 'localhost', port: 6379 }], db: 0, cluster: false, wait: 0 })
  t.same(parseRedisUrl('rediss://me:p%40ss%3A@db.example:7000/3?wait=1'), { tls: true, username: 'me', password: 'p@ss:', hosts: [{ host: 'db.example', port: 7000 }], db: 3, cluster: false, wait: 1 })
  t.same(parseRedisUrl('redis://:pw@10.0.0.1:7000,[2001:db8::1]:7001,c?cluster=1&wait=2'), {
    tls: false, password: 'pw', hosts: [{ host: '10.0.0.1', port: 7000 }, { host: '2001:db8::1', port: 7001 }, { host: 'c', port: 6379 }], db: 0, cluster: true, wait: 2
  })
  t.same(parseRedisUrl('redis://a:26379,b:26379/1?sentinel=lines'), { tls: false, hosts: [{ host: 'a', port: 26379 }, { host: 'b', port: 26379 }], db: 1, sentinel: 'lines', cluster: false, wait: 1 })
})

t.test('where a replica may take over it is waited for, unless the URL says otherwise', async (t) => {
  for (const [url, wait] of [['redis://a', 0], ['redis://a?sentinel=x', 1], ['redis://a?cluster=1', 1], ['redis://a?sentinel=x&wait=2', 2], ['redis://a?cluster=1&wait=0', 0]] as const) t.equal(parseRedisUrl(url).wait, wait, url)
})

t.test('anything else is refused with a sentence that repeats nothing of it', async (t) => {
  const wrong = ['', 'redis://', 'http://secret-host', 'redis://a,b', 'redis://a?cluster=1&sentinel=x', 'redis://a?wait=6', 'redis://a?wait=-1', 'redis://a?wait=x', 'redis://a?wrong=1', 'redis://a:99999', 'redis://:secret@', 'redis://a b', 'redis://[::1', 'redis://secret:7000:1', 'redis://:secret%zz@a']
  for (const url of wrong) {
    t.throws(() => parseRedisUrl(url), { code: 'config_invalid' }, url)
    try {
      parseRedisUrl(url)
    } catch (error) {
      t.notMatch(String((error as Error).cause), /secret/)
    }
  }
})

t.test('the first command of a turn leaves at once, those after it together', async (t) => {
  const redis = new Redis({ lazyConnect: true })
  const gather = writeGatherer(redis)
  gather()
  const done: string[] = []
  const stream = (name: string): typeof redis.stream => ({ cork: () => done.push(`${name} gathers`), uncork: () => done.push(`${name} leaves`) }) as unknown as typeof redis.stream
  redis.stream = stream('one')
  gather()
  t.same(done, [])
  await turn()
  t.same(done, [], 'nothing was held back')
  for (let command = 0; command < 4; command++) gather()
  t.same(done, ['one gathers'])
  // Connected anew meanwhile: what is held back is let go on the connection on which it was.
  redis.stream = stream('two')
  gather()
  await turn()
  t.same(done, ['one gathers', 'one leaves'])
  gather()
  gather()
  await turn()
  t.same(done.slice(2), ['two gathers', 'two leaves'])
})
