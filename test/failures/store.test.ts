import t from 'tap'
import { createStore } from '../../src/store/redis.js'
import { courierNumber, customerNumber } from '../e2e/stage.js'
import { silent } from '../support/log.js'
import { failureStage, patienceMs } from './support.js'

const play = await failureStage(t)
const direct = createStore({ url: play.embedded.redisUrl, commandTimeoutMs: 10_000, log: silent })
t.teardown(() => direct.close())
await direct.ready(patienceMs)

interface Fault {
  readonly name: string
  readonly code: string
  readonly cause: () => unknown
  readonly undo: () => unknown
}

const { store, keys } = play.doors
const faults: Fault[] = [
  { name: 'Redis stopped', code: 'store_unavailable', cause: () => store.shut(), undo: () => store.open() },
  // What waits at a server that hangs is lost; the connection is left and made anew.
  { name: 'Redis hung', code: 'store_unavailable', cause: () => store.hold(true), undo: () => store.hold(false) },
  { name: 'Redis out of memory', code: 'store_full', cause: () => direct.call('CONFIG', 'SET', 'maxmemory', '1'), undo: () => direct.call('CONFIG', 'SET', 'maxmemory', '0') },
  // As the old primary is after a failover: a replica of one that we do not reach.
  { name: 'Redis read-only', code: 'store_unavailable', cause: () => direct.call('REPLICAOF', '127.0.0.1', '1'), undo: () => direct.call('REPLICAOF', 'NO', 'ONE') },
  // As one that is cut off from them stops, where it is told to.
  { name: 'Redis without its replicas', code: 'store_unavailable', cause: () => direct.call('CONFIG', 'SET', 'min-replicas-to-write', '1'), undo: () => direct.call('CONFIG', 'SET', 'min-replicas-to-write', '0') }
]

for (const { name, code, cause, undo } of faults) {
  t.test(`${name}: new calls get 503, talks go on, records are written afterwards`, async (t) => {
    await play.idle()
    const line = await play.line()
    const { call, taken, bothHear } = await play.talk(line)
    await cause()
    const late = play.customer.call(line.number, { via: play.via })
    const refusal = await late.refused(patienceMs)
    t.equal(refusal.status, 503)
    t.match(refusal.headers.get('retry-after'), /^\d+$/)
    t.equal(play.courier.waiting, 0, 'nobody else rings')
    t.ok(await bothHear(), 'they talk on')
    const order = { reference: `late ${name}`, courier: { phone: courierNumber }, customer: { phone: customerNumber }, ttlSeconds: 3600 }
    t.match(await play.api('POST', '/v1/deliveries', order), { status: 503, body: { code } })
    await call.hangUp()
    await taken.ended(patienceMs)
    await undo()
    await play.ready(true)
    const [record] = await play.endedCalls(line.id, 1)
    t.match(record, { state: 'ended', result: 'success', reason: 'caller_hung_up' }, 'the call that ended meanwhile has its record')
    await play.callWorks(t, line, 'and the next call goes through by itself')
    await play.idle()
  })
}

for (const [name, cause, undo] of [
  ['stopped', () => keys.shut(), () => keys.open()],
  ['hung', () => keys.hold(true), () => { keys.hold(false) }]
] as const) {
  t.test(`key store ${name}: shops in use go on, /readyz says so`, async (t) => {
    await play.idle()
    const line = await play.line()
    const { call, taken, bothHear } = await play.talk(line)
    cause()
    t.ok(await bothHear(), 'they talk on')
    await call.hangUp()
    await taken.ended(patienceMs)
    await play.ready(false)
    await play.callWorks(t, line, 'new calls go through')
    t.match(await play.endedCalls(line.id, 2), [{ result: 'success' }, { result: 'success' }])
    await undo()
    await play.ready(true)
    await play.idle()
  })
}
