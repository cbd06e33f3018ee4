import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { IncomingCall, OutgoingCall, Phone } from '../../src/embedded/phone/index.js'
import { createJournal, type Journal } from '../../src/record/journal.js'
import type { CallRecord } from '../../src/record/types.js'
import { createStore } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import { silent } from '../support/log.js'
import { receiver } from '../support/receiver.js'
import { until } from '../support/whole.js'
import { site, type AppProcess } from './process.js'
import { patienceMs } from './support.js'

const limits = { callsPerDelivery: 6, callsPerCallerHour: 15, callsPerNumberMinute: 9, callsPerCaller: 1000 }
const proxies = 12
const day = 86_400_000

const phones = new Map<number, Promise<Phone>>()
let [turn, deliveries, callsMade] = [0, 0, 0]

const rig = await site(t, {
  sipServers: 2,
  settings: JSON.stringify({ webhooks: { allowPrivate: ['127.0.0.0/8'] }, overload: { busyPercent: 100 }, redis: { commandTimeoutMs: 3000 }, limits: { ...limits, callsPerDeliveryHour: 1000 }, pools: [{ id: 'demo', numbers: [`+442079460000-+4420794600${proxies - 1}`] }] })
})
const shop = await receiver(t)
const first = await rig.start()
await first.api('PUT', '/v1/webhooks', { url: shop.url, events: ['delivery.created', 'call.started', 'call.answered', 'call.ended'], gate: null })
// Whoever starts now knows where events go; who runs already learns it within five seconds.
const processes = [first, ...await Promise.all(Array.from({ length: 3 }, () => rig.start()))]

interface Pair {
  readonly courier: Phone
  readonly customer: Phone
  readonly id: string
  readonly number: string
}

/** Requests, too, go to the processes in turn. */
function anyone(): AppProcess {
  const alive = processes.filter(({ child }) => child.exitCode === null && child.signalCode === null)
  return alive[turn++ % alive.length]!
}

function person(at: number): Promise<Phone> {
  if (!phones.has(at)) phones.set(at, rig.phone(`+46701740${605 + at}`))
  return phones.get(at)!
}

async function pair(from: number, to: number): Promise<Pair> {
  const [courier, customer] = await Promise.all([person(from), person(to)])
  const { status, body } = await anyone().api('POST', '/v1/deliveries', { reference: `order-${++deliveries}`, courier: { phone: courier.number }, customer: { phone: customer.number }, ttlSeconds: 3600 })
  if (status !== 201) throw new Error(`No line: ${JSON.stringify(body)}`)
  return { courier, customer, id: body.id as string, number: body.number as string }
}

function dial({ courier, number }: Pair): OutgoingCall {
  callsMade++
  return courier.call(number, { via: rig.gateway.uri })
}

/** Limits count in windows of time; what begins now ends within this one. */
async function roomIn(windowMs: number): Promise<void> {
  const left = windowMs - Date.now() % windowMs
  if (left < 10_000) await sleep(left + 100)
}

/** So many calls on each of these lines in the same instant. @returns how many rang and which refusals came */
async function storm(pairs: readonly Pair[], each: number): Promise<{ rang: number, refused: (number | undefined)[] }> {
  const calls = pairs.flatMap((one) => Array.from({ length: each }, () => dial(one)))
  const customers = [...new Set(pairs.map(({ customer }) => customer))]
  const rang = (): number => customers.reduce((sum, { waiting }) => sum + waiting, 0)
  const refusals = (): OutgoingCall[] => calls.filter(({ final }) => final !== undefined)
  await until(async () => rang() + refusals().length >= calls.length || undefined, () => `${calls.length} calls: ${rang()} rang, ${refusals().length} were refused`, patienceMs)
  const outcome = { rang: rang(), refused: refusals().map(({ final }) => final?.status) }
  for (const call of calls) await call.hangUp()
  for (const customer of customers) while (customer.waiting > 0) await (await customer.nextCall()).ended(patienceMs)
  await Promise.all(calls.map((call) => call.ended(patienceMs)))
  return outcome
}

/** The records of a delivery, once so many of them have ended. */
async function ended({ id }: Pair, count: number): Promise<CallRecord[]> {
  return until(async () => {
    const { calls } = (await anyone().api('GET', `/v1/deliveries/${id}/calls`)).body as { calls: CallRecord[] }
    return calls.length >= count && calls.every(({ state }) => state === 'ended') ? calls : undefined
  }, `${count} records`, patienceMs)
}

async function reasons(pairs: readonly Pair[], count: number): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const one of pairs) for (const { reason = '' } of await ended(one, count)) found[reason] = (found[reason] ?? 0) + 1
  return found
}

/** A journal over the same data, as one more process has it. */
async function journalOver(t: Test): Promise<Journal> {
  const store = createStore({ url: rig.redisUrl, commandTimeoutMs: 5000, log: silent })
  const ring = memoryKeyRing()
  const journal = createJournal({ store, ring, shops: () => ['demo'], log: silent })
  t.teardown(async () => {
    journal.close()
    await ring.close()
    await store.close()
  })
  await store.ready(patienceMs)
  return journal
}

// Numbers are given to the least loaded first, so the thirteenth pair shares one, and nobody after it comes there.
const crowd: Pair[] = []
for (let at = 0; at <= proxies; at++) crowd.push(await pair(2 * at, 2 * at + 1))
const shared = crowd.filter(({ number }) => number === crowd.at(-1)!.number)
const single = await pair(30, 31)
const busyCourier: Pair[] = []
for (let at = 0; at < 4; at++) busyCourier.push(await pair(32, 33 + at))
t.test('limits are exact although every process counts', async (t) => {
  t.equal(shared.length, 2)
  await roomIn(3_600_000)
  await roomIn(60_000)
  const ofNumber = await storm(shared, 6)
  t.equal(ofNumber.rang, limits.callsPerNumberMinute, 'calls to the number in a minute')
  t.same(await reasons(shared, 6), { caller_cancelled: 9, too_many_calls: 3 })
  const ofDelivery = await storm([single], 10)
  t.equal(ofDelivery.rang, limits.callsPerDelivery, 'calls of the delivery at the same time')
  t.same(new Set(ofDelivery.refused), new Set([486]))
  t.same(await reasons([single], 10), { caller_cancelled: 6, line_busy: 4 })
  const ofCaller = await storm(busyCourier, 6)
  t.equal(ofCaller.rang, limits.callsPerCallerHour, 'calls of the caller in an hour')
  t.same(await reasons(busyCourier, 6), { caller_cancelled: 15, too_many_calls: 9 })
  for (const [at, one] of processes.entries()) t.match(one.log(), /"msg":"call.ended"/, `process ${at} had a part in it`)
  const { calls } = (await anyone().api('GET', '/v1/calls?limit=500')).body as { calls: CallRecord[] }
  t.equal(calls.length, callsMade, 'a record of every call')
  t.equal(new Set(calls.map(({ id }) => id)).size, callsMade)
})

t.test('what is due is deleted once, whoever is asked at the same time', async (t) => {
  const due = 30
  const journal = await journalOver(t)
  const startedAt = Date.now() - 31 * day
  for (let at = 0; at < due; at++) {
    const call = { id: `old${at}`, shopId: 'demo', deliveryId: 'demo-old', reference: 'old', startedBy: 'courier', phones: {}, startedAt } as const
    await journal.open(call)
    await journal.finish(call, { at: startedAt + 1000, result: 'success', reason: 'caller_hung_up' })
  }
  const answers = await Promise.all(processes.map((one) => one.api('POST', '/v1/retention/runs')))
  t.ok(answers.every(({ status, body }) => status === 200 || body.code === 'retention_running'), answers.map(({ status }) => status).join(' '))
  const { runs } = (await anyone().api('GET', '/v1/retention/runs')).body as { runs: { state: string, classes: { name: string, deleted: number, failed: number }[] }[] }
  const deleted = runs.flatMap(({ classes }) => classes).filter(({ name }) => name === 'record').map((one) => one.deleted)
  t.same(deleted.filter((count) => count > 0), [due], 'one run, all of it')
  t.ok(runs.every(({ state }) => state === 'done'))
  t.match((await anyone().api('GET', '/v1/audit/verify')).body, { whole: true })
})

/** People who have not called yet. */
async function pairs(count: number): Promise<Pair[]> {
  const made: Pair[] = []
  for (let at = 0; at < count; at++) made.push(await pair(40 + 2 * at, 41 + 2 * at))
  return made
}

/** Live calls of a process. */
async function liveIn(one: AppProcess): Promise<number> {
  return Number(/^maskline_in_use\{part="call",what="live"\} (\d+)/m.exec(await one.metrics())?.[1] ?? 0)
}

interface Talk {
  readonly pair: Pair
  readonly call: OutgoingCall
  readonly taken: IncomingCall
}

async function talk(pair: Pair): Promise<Talk> {
  const call = dial(pair)
  const taken = await pair.customer.nextCall(patienceMs)
  await taken.answer()
  await call.answered(patienceMs)
  call.say(440)
  return { pair, call, taken }
}

t.test('one process is killed and one drained under calls: the others\' go on, events and counts are right', async (t) => {
  const talks: Talk[] = []
  // That number has had its calls of this minute.
  const fresh = (await pairs(12)).filter(({ number }) => number !== shared[0]!.number).slice(0, 8)
  for (const one of fresh) talks.push(await talk(one))
  const busy = (await Promise.all(processes.map(async (one) => ({ one, live: await liveIn(one) })))).filter(({ live }) => live > 0)
  t.equal(busy.reduce((sum, { live }) => sum + live, 0), talks.length)
  const [killed, drained] = busy as [typeof busy[0], typeof busy[0]]
  killed.one.child.kill('SIGKILL')
  drained.one.child.kill('SIGTERM')
  await killed.one.exit()

  const goesOn = await Promise.all(talks.map(({ taken }) => Promise.race([taken.hears(440, patienceMs), taken.ended(patienceMs).then(() => false, () => false)])))
  const lost = talks.filter((_, at) => !goesOn[at])
  t.equal(lost.length, killed.live, 'no call ends but those of the process that was killed')
  for (const { call, taken } of lost) t.match(await Promise.all([call.ended(patienceMs), taken.ended(patienceMs)]), [{ by: 'them' }, { by: 'them' }])
  await until(async () => (await drained.one.api('GET', '/readyz')).status === 503 || undefined, 'the drain', patienceMs)
  const again = [...talks]
  for (const { pair } of lost) again.push(await talk(pair))
  const going = again.filter(({ call }) => call.state !== 'ended')
  t.equal(going.length, talks.length, 'who was cut off calls again')
  for (const { call, taken } of going) {
    await call.hangUp()
    await taken.ended(patienceMs)
  }
  t.equal(await drained.one.exit(), 0, 'who drained waited for its calls')

  const finished = callsMade - lost.length
  const calls = await until(async () => {
    const { calls } = (await anyone().api('GET', '/v1/calls?limit=500')).body as { calls: CallRecord[] }
    return calls.filter(({ state }) => state === 'ended').length >= finished ? calls : undefined
  }, 'the records', patienceMs)
  t.equal(calls.length, callsMade, 'a record of every call')
  const since = new Date(Date.now() - day).toISOString().slice(0, 10)
  const counted = (await anyone().api('GET', `/v1/stats?from=${since}`)).body as { days: { calls?: number }[] }
  t.equal(counted.days.reduce((sum, { calls = 0 }) => sum + calls, 0), finished, 'each end is counted once')
  t.match((await anyone().api('GET', '/v1/stats/now')).body, { calls: { live: lost.length } }, 'until somebody finishes those')

  // What the killed one had taken to deliver, another takes half a minute later.
  const events = await until(async () => {
    const found = new Map(shop.got.map(({ headers, event }) => [headers['webhook-id'], event]))
    return [...found.values()].filter(({ type }) => type === 'call.ended').length >= finished ? [...found.values()] : undefined
  }, 'the events', 3 * patienceMs)
  const of = (type: string): unknown[] => events.filter((event) => event.type === type).map(({ data }) => data.callId ?? data.deliveryId)
  t.same([...of('call.started')].sort(), calls.map(({ id }) => id).sort(), 'each call was told once')
  t.same([...of('call.ended')].sort(), calls.filter(({ state }) => state === 'ended').map(({ id }) => id).sort(), 'and each end')
  t.equal(new Set(of('delivery.created')).size, deliveries)
  t.equal(of('delivery.created').length, deliveries)
  const place = (id: string, type: string): number => events.findIndex((event) => event.type === type && event.data.callId === id)
  t.ok(calls.every(({ id, state }) => state !== 'ended' || place(id, 'call.started') < place(id, 'call.ended')), 'in their order')
})
