import t from 'tap'
import type { IncomingCall, OutgoingCall, Phone } from '../../src/embedded/phone/index.js'
import { until } from '../support/whole.js'
import { site, type AppProcess } from './process.js'
import { patienceMs } from './support.js'

const pairs = 4
const rig = await site(t)
const [old, other] = await Promise.all([rig.start(), rig.start()])

interface Pair {
  readonly courier: Phone
  readonly customer: Phone
  readonly id: string
  readonly number: string
}

async function pair(at: number): Promise<Pair> {
  const [courier, customer] = await Promise.all([rig.phone(`+467017406${10 + at}`), rig.phone(`+467017406${30 + at}`)])
  const { status, body } = await other.api('POST', '/v1/deliveries', { reference: `drain-${at}`, courier: { phone: courier.number }, customer: { phone: customer.number }, ttlSeconds: 3600 })
  if (status !== 201) throw new Error(`No line: ${JSON.stringify(body)}`)
  return { courier, customer, id: body.id as string, number: body.number as string }
}

async function talk({ courier, customer, number }: Pair): Promise<{ call: OutgoingCall, taken: IncomingCall }> {
  const call = courier.call(number, { via: rig.gateway.uri })
  const taken = await customer.nextCall(patienceMs)
  await taken.answer()
  await call.answered(patienceMs)
  return { call, taken }
}

const started = (one: AppProcess): number => (one.log().match(/"msg":"call.ended"/g) ?? []).length

t.test('one of two processes is restarted under load and no call is lost', { timeout: 110_000 }, async (t) => {
  const all: Pair[] = []
  for (let at = 0; at < pairs; at++) all.push(await pair(at))
  // INVITEs go to the processes in turn, so each has half of these.
  const live = []
  for (const one of all) live.push(await talk(one))

  old.child.kill('SIGTERM')
  await until(async () => (await old.api('GET', '/readyz')).body.ready === false || undefined, 'readiness to end', patienceMs)
  t.match(await old.api('GET', '/readyz'), { status: 503, body: { parts: [{ ok: true }, { ok: true }, { ok: true }, { ok: true }, { name: 'process', ok: false }] } })
  t.equal((await old.api('GET', '/healthz')).status, 200)
  t.match(await old.api('GET', `/v1/deliveries/${all[0]!.id}`), { status: 200 }, 'HTTP goes on')
  t.match(await old.api('POST', `/v1/deliveries/${all[0]!.id}/calls`, { first: 'courier' }), { status: 503, body: { code: 'sip_unavailable' } }, 'but starts no call')
  t.match(await other.api('GET', '/readyz'), { status: 200 })

  // New calls, on the same lines: all are taken by the other process.
  const before = started(other)
  for (const one of all) {
    const { call, taken } = await talk(one)
    await call.hangUp()
    await taken.ended(patienceMs)
  }
  await until(async () => started(other) === before + pairs || undefined, 'the calls of the other process', patienceMs)

  // The live ones talk on, in both processes.
  for (const { call, taken } of live) {
    call.say(440)
    t.ok(await taken.hears(440, patienceMs), 'they talk on')
  }
  t.equal(old.child.exitCode, null, 'it waits for its calls')
  for (const { call, taken } of live) {
    await call.hangUp()
    t.match(await taken.ended(patienceMs), { by: 'them' })
  }
  t.equal(await old.exit(), 0, 'and ends by itself')

  const next = await rig.start()
  const again = await Promise.all(all.slice(0, 2).map(talk))
  for (const { call } of again) await call.hangUp()
  await until(async () => started(next) > 0 || undefined, 'the new process to take calls', patienceMs)
  for (const { id } of all) {
    const { calls } = (await next.api('GET', `/v1/deliveries/${id}/calls`)).body as { calls: { result: string, reason: string }[] }
    t.ok(calls.length >= 2 && calls.every(({ result }) => result === 'success'), `${calls.length} calls, each with its record`)
  }
})
