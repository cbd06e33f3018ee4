import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { startPrivateRedis } from '../../src/embedded/redis.js'
import { createStore } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { printed } from '../support/child.js'
import { testStore } from '../support/redis.js'

const log = createLog('silent')
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`)

t.test('keeps its data from one start to the next and asks for its password', async (t) => {
  const dir = join(t.testdir(), 'data')
  const first = await startPrivateRedis({ dir, log })
  const { password } = new URL(first.url)
  t.notMatch(readFileSync(`/proc/${first.pid}/cmdline`, 'utf8'), password, 'no password on the command line')
  const store = await testStore(t, first)
  await store.set('kept', 'yes')
  t.match(String(await store.call('CONFIG', 'GET', 'slowlog-max-len')), /slowlog-max-len,0/)
  for (const [name, value] of [['bind', '127.0.0.1'], ['protected-mode', 'yes']]) t.same((await store.call('CONFIG', 'GET', name!) as Buffer[]).map(String), [name, value], 'nobody else reaches it')
  const stranger = new URL(first.url)
  stranger.password = 'wrong'
  const outside = createStore({ url: stranger.toString(), commandTimeoutMs: 300, log })
  t.teardown(() => outside.close())
  await t.rejects(outside.ready(500), { code: 'store_unavailable' })
  await store.close()
  await first.close()
  t.equal(alive(first.pid), false)
  const second = await startPrivateRedis({ dir, log })
  t.teardown(() => second.close())
  const again = await testStore(t, second)
  t.equal(String(await again.get('kept')), 'yes')
})

t.test('a missing binary is one clear sentence', async (t) => {
  const path = process.env.PATH
  process.env.PATH = t.testdir()
  t.teardown(() => { process.env.PATH = path })
  const error = await startPrivateRedis({ dir: join(t.testdir(), 'data'), log }).then(() => undefined, (e: unknown) => e as Error)
  t.match(error, { code: 'config_invalid' })
  t.match(error?.cause, /^redis-server is not installed: .*MASKLINE_REDIS_URL/)
})

t.test('it does not outlive a process that is killed, and the folder can be used again', async (t) => {
  const dir = join(t.testdir(), 'data')
  const code = `
    const { startPrivateRedis } = await import(${JSON.stringify(new URL('../../src/embedded/redis.ts', import.meta.url).href)})
    const quiet = () => undefined
    const redis = await startPrivateRedis({ dir: ${JSON.stringify(dir)}, log: { info: quiet } })
    console.log(redis.pid)
    setInterval(quiet, 1000)`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = Number((await printed(child, /^\d+(?=\n)/))[0])
  t.equal(alive(pid), true)
  child.kill('SIGKILL')
  const next = await startPrivateRedis({ dir, log })
  t.equal(alive(pid), false, 'waited until the old server was gone')
  await next.close()
})
