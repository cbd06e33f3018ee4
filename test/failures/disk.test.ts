import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stage, type Stage } from '../e2e/stage.js'
import { until } from '../support/whole.js'
import { patienceMs } from './support.js'

const skip = spawnSync('prlimit', ['--version']).error === undefined ? false : 'prlimit (util-linux) is not installed'

interface FullableRedis {
  readonly url: string
  /** Whether its append-only file may grow no more, as on a disk that is full. */
  full(is: boolean): void
}

/** A redis-server whose disk can be full without special rights: the kernel lets its files grow no further. */
async function fullableRedis(t: Pick<Test, 'teardown'>): Promise<FullableRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-disk-'))
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  // Who ignores the signal gets an error from write() instead.
  const child = spawn('sh', ['-c', `trap '' XFSZ; exec redis-server --bind 127.0.0.1 --port ${port} --dir "${dir}" --save '' --appendonly yes --appendfsync everysec --loglevel warning`], { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(dir, { recursive: true, force: true })
  })
  const files = join(dir, 'appendonlydir')
  const full = (is: boolean): void => {
    const size = Math.max(...readdirSync(files).map((name) => statSync(join(files, name)).size))
    spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${is ? size : 'unlimited'}:`])
  }
  return { url: `redis://127.0.0.1:${port}`, full }
}

t.test('the disk of Redis is full', { skip }, async (t) => {
  const redis = await fullableRedis(t)
  const play: Stage = await stage(t, (config) => {
    config.redis.url = redis.url
    config.redis.commandTimeoutMs = 3000
    config.limits.callsPerDelivery = 10
  })
  await until(async () => (await play.api('GET', '/readyz')).status === 200 || undefined, 'readiness', patienceMs)
  const line = await play.line()
  const call = play.courier.call(line.number, { via: play.via })
  const taken = await play.customer.nextCall(patienceMs)
  await taken.answer()
  await call.answered(patienceMs)
  redis.full(true)
  let count = 0
  const order = (): Promise<{ status: number, body: Record<string, unknown> }> =>
    play.api('POST', '/v1/deliveries', { reference: `late-${count++}`, courier: { phone: '+46701740608' }, customer: { phone: '+46701740609' }, ttlSeconds: 3600 })
  await until(async () => {
    const answer = await order()
    return answer.status === 503 && answer.body.code === 'store_full' ? answer : undefined
  }, 'the store to be full', patienceMs)
  t.equal((await play.customer.call(line.number, { via: play.via }).refused(patienceMs)).status, 503, 'new calls are refused')
  call.say(440)
  t.ok(await taken.hears(440, patienceMs), 'they talk on')
  t.match(await play.api('GET', '/v1/calls'), { status: 503, body: { code: 'store_full' } }, 'what must stand in the audit trail is not read')
  await call.hangUp()
  redis.full(false)
  const [record] = await play.endedCalls(line.id, 1)
  t.match(record, { result: 'success', reason: 'caller_hung_up' }, 'its record is written when there is room')
  await until(async () => {
    const { status } = await order()
    return status === 201 || undefined
  }, 'deliveries to be given again', patienceMs)
  await play.idle()
})
