import t, { type Test } from 'tap'
import type { IncomingCall, OutgoingCall, Phone, PhoneCall } from '../../src/embedded/phone/index.js'
import { createLines } from '../../src/line/lines.js'
import { createJournal } from '../../src/record/journal.js'
import { leaseMs } from '../../src/record/lease-watch.js'
import type { CallRecord } from '../../src/record/types.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import { lineConfig } from '../support/lines.js'
import { silent } from '../support/log.js'
import { receiver } from '../support/receiver.js'
import { until } from '../support/whole.js'
import { site } from './process.js'
import { patienceMs } from './support.js'

const trunk = { id: 'demo', sources: ['127.0.0.0/8'], identity: ['pai', 'from'], country: 'EE', asksCode: true, gateways: ['sip:127.0.0.1:5070'], gatewayTimeoutSeconds: 32, callsPerSecond: 0, maxCalls: 0, auth: null }
const rig = await site(t, { settings: JSON.stringify({ trunks: [trunk], webhooks: { allowPrivate: ['127.0.0.0/8'] }, redis: { commandTimeoutMs: 3000 }, overload: { busyPercent: 100 } }) })
const first = await rig.start()
const shop = await receiver(t)
const via = rig.gateway.uri

/** A delivery of two people who have no other. */
interface Pair {
  readonly id: string
  readonly number: string
  readonly courier: Phone
  readonly customer: Phone
}

/** A call in some state: who is in it, and on whose delivery. */
interface Scene {
  readonly pair?: Pair
  readonly phones: readonly PhoneCall[]
  /** What is done when all others are in place, because it does not last. */
  readonly atLast?: () => Promise<unknown>
}

/** Scenes that are played at the same time. */
interface Act {
  readonly before: () => Promise<unknown>
  readonly scenes: Readonly<Record<string, () => Promise<Scene>>>
}

let people = 5
const person = (): Promise<Phone> => rig.phone(`+467017406${String(people++).padStart(2, '0')}`)

async function pair(): Promise<Pair> {
  const [courier, customer] = [await person(), await person()]
  const { id, number } = await ask('POST', '/v1/deliveries', { reference: `order-${courier.number.slice(-2)}`, courier: { phone: courier.number }, customer: { phone: customer.number }, ttlSeconds: 3600 })
  return { id: id as string, number: number as string, courier, customer }
}

async function ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await first.api(method, path, body)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function dialled(): Promise<{ pair: Pair, call: OutgoingCall, rung: IncomingCall }> {
  const one = await pair()
  const call = one.courier.call(one.number, { via })
  return { pair: one, call, rung: await one.customer.nextCall(patienceMs) }
}

/** Both hear the other, and have heard that they are recorded if they are. */
async function talking(): Promise<{ pair: Pair, call: OutgoingCall, rung: IncomingCall }> {
  const scene = await dialled()
  await scene.rung.answer()
  await scene.call.answered(patienceMs)
  scene.call.say(440)
  if (!await scene.rung.hears(440, patienceMs)) throw new Error('They do not hear each other.')
  return scene
}

/** The shop rings the courier, who takes the call and is asked to press 1. */
async function callback(): Promise<{ pair: Pair, courier: IncomingCall }> {
  const one = await pair()
  await ask('POST', `/v1/deliveries/${one.id}/calls`, { first: 'courier' })
  return { pair: one, courier: await one.courier.nextCall(patienceMs) }
}

async function asked(call: IncomingCall): Promise<void> {
  await call.answer()
  if (!await call.hearsSomething(patienceMs)) throw new Error('Nobody asks.')
}

/** As `callback`, up to where the customer rings. */
async function callbackToSecond(): Promise<{ pair: Pair, courier: IncomingCall, customer: IncomingCall }> {
  const scene = await callback()
  await asked(scene.courier)
  scene.courier.press('1')
  return { ...scene, customer: await scene.pair.customer.nextCall(patienceMs) }
}

const plain: Act = {
  before: async () => undefined,
  scenes: {
    async talking() {
      const { pair, call, rung } = await talking()
      return { pair, phones: [call, rung] }
    },
    async dialling() {
      const { pair, call, rung } = await dialled()
      return { pair, phones: [call, rung] }
    },
    async ringing() {
      const { pair, call, rung } = await dialled()
      await rung.ring()
      await call.ringing(patienceMs)
      return { pair, phones: [call, rung] }
    },
    async ending() {
      const { pair, call, rung } = await talking()
      // The callee's phone is slow to answer our BYE; a server that is gone waits for it no more.
      rung.handle = (incoming) => { setTimeout(() => { if (incoming.pending) incoming.respond(200) }, 8000) }
      return { pair, phones: [call], atLast: () => { void call.hangUp(); return call.ended(patienceMs) } }
    },
    async 'callback, second ringing'() {
      const { pair, courier, customer } = await callbackToSecond()
      return { pair, phones: [courier, customer] }
    },
    async 'callback, talking'() {
      const { pair, courier, customer } = await callbackToSecond()
      await customer.answer()
      courier.say(440)
      if (!await customer.hears(440, patienceMs)) throw new Error('They do not hear each other.')
      return { pair, phones: [courier, customer] }
    }
  }
}

const recording: Act = {
  async before() {
    await ask('PUT', '/v1/retention', { reason: 'complaints are settled within a day', periods: { recording: 86_400 } })
    await ask('PATCH', '/v1/settings', { recording: true })
  },
  scenes: {
    async recorded() {
      const { pair, call, rung } = await talking()
      return { pair, phones: [call, rung] }
    }
  }
}

const accepting: Act = {
  before: () => ask('PATCH', '/v1/settings', { recording: false, acceptance: 'both' }),
  scenes: {
    async 'callback, first ringing'() {
      const { pair, courier } = await callback()
      return { pair, phones: [courier] }
    },
    async 'callback, first asked'() {
      const { pair, courier } = await callback()
      await asked(courier)
      return { pair, phones: [courier] }
    },
    async 'callback, second asked'() {
      const { pair, courier, customer } = await callbackToSecond()
      await asked(customer)
      return { pair, phones: [courier, customer] }
    },
    async answering() {
      const { pair, call, rung } = await dialled()
      await asked(rung)
      return { pair, phones: [call, rung] }
    },
    async asking() {
      const call = (await person()).call('+442079460019', { via })
      await call.answered(patienceMs)
      return { phones: [call] }
    }
  }
}

const fleeting: Act = {
  async before() {
    shop.says.delayMs = 60_000
    await ask('PUT', '/v1/webhooks', { url: shop.url, events: [], gate: { url: shop.url, timeoutMs: 2000, onFailure: 'deny' } })
  },
  scenes: {
    async announcing() {
      const over = await pair()
      await ask('DELETE', `/v1/deliveries/${over.id}`)
      const call = over.courier.call(over.number, { via })
      return { pair: over, phones: [call], atLast: () => call.ringing(patienceMs) }
    },
    async deciding() {
      const one = await pair()
      const call = one.courier.call(one.number, { via })
      return { pair: one, phones: [call], atLast: () => until(async () => shop.got.length > 0 || undefined, 'the shop to be asked', patienceMs) }
    }
  }
}

/** @returns every call, in its state */
async function playAll(): Promise<Map<string, Scene>> {
  const played = new Map<string, Scene>()
  for (const { before, scenes } of [plain, recording, accepting, fleeting]) {
    await before()
    await Promise.all(Object.entries(scenes).map(async ([name, play]) => played.set(name, await play())))
  }
  await Promise.all([...played.values()].flatMap(({ atLast }) => atLast === undefined ? [] : [atLast()]))
  return played
}

async function laterStore(t: Test): Promise<Store> {
  const store = createStore({ url: rig.redisUrl, commandTimeoutMs: 5000, log: silent })
  t.teardown(() => store.close())
  await store.ready(patienceMs)
  return store
}

/** What a process that lives does when the leases are over: it looks twice. @returns how many calls it finished */
async function recovered(t: Test, store: Store): Promise<number> {
  const ring = memoryKeyRing()
  let later = 0
  const journal = createJournal({ store, ring, shops: () => ['demo'], log: silent, clock: () => Date.now() + later, monotonic: () => performance.now() + later })
  t.equal(await journal.recover(), 0, 'the first look decides nothing')
  later = leaseMs + 1000
  const count = await journal.recover()
  journal.close()
  await ring.close()
  return count
}

/** Calls of the shop that count against its limits. @param later in milliseconds */
async function counted(store: Store, later: number): Promise<number> {
  const ring = memoryKeyRing()
  const lines = createLines({ store, keys: ring, config: lineConfig(), log: silent, clock: () => Date.now() + later })
  const { callsAtOnce } = await lines.usage('demo', 'demo')
  await lines.stop()
  await ring.close()
  return callsAtOnce
}

t.test('kill -9 in every state of a call', { timeout: 110_000 }, async (t) => {
  const played = await playAll()
  for (const [name, { phones }] of played) if (name !== 'ending') t.ok(phones.every(({ ending }) => ending === undefined), `${name}: under way`)
  first.child.kill('SIGKILL')
  t.equal(await first.exit(), 'SIGKILL')
  const starting = rig.start()

  for (const [name, { phones }] of played) {
    for (const [at, phone] of phones.entries()) {
      const { by, status = '' } = await phone.ended(patienceMs)
      t.ok(name === 'ending' || by === 'them' || (by === 'refused' && status === 503) || by === 'cancelled', `${name}: phone ${at + 1} is told (${by} ${status})`)
    }
  }
  const store = await laterStore(t)
  const withRecord = [...played.values()].flatMap(({ pair }) => pair ?? [])
  t.equal(await counted(store, 0), withRecord.length - 1, 'its calls count against the limits, but the one that was ending')
  t.equal(await counted(store, leaseMs + 5000), 0, 'for a minute')
  t.equal(await recovered(t, store), withRecord.length, 'every call but that of a stranger, whose it was nobody knows, has a record')
  await until(async () => rig.sip.stats().dialogs === 0 || undefined, 'all dialogs to end', 40_000)

  const second = await starting
  for (const [name, { pair }] of played) {
    if (pair === undefined) continue
    const { calls } = (await second.api('GET', `/v1/deliveries/${pair.id}/calls`)).body as { calls: CallRecord[] }
    t.match(calls, [{ state: 'ended', result: 'indeterminate', reason: 'process_died' }], name)
    t.equal(calls.length, 1)
    t.equal((await second.api('GET', `/v1/calls/${calls[0]!.id}/trace`)).status, 200, 'with what was noted of it')
    if (name === 'recorded') t.equal((await second.api('POST', `/v1/calls/${calls[0]!.id}/recording`, { reason: 'a test' })).status, 200, 'what was recorded until then can be heard')
  }
  t.match((await second.api('GET', '/v1/stats/now')).body, { calls: { live: 0 } }, 'no call is listed as live')
  await second.api('DELETE', '/v1/webhooks')
  await second.api('PATCH', '/v1/settings', { acceptance: 'off' })
  const { number, courier, customer } = played.get('dialling')!.pair!
  const next = customer.call(number, { via })
  const call = await courier.nextCall(patienceMs)
  t.equal(call.shown, number, 'a line leads to the same person as before')
  await call.answer()
  await next.answered(patienceMs)
  await next.hangUp()
})
