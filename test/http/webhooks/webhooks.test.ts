import t, { type Test } from 'tap'
import { Webhook } from 'standardwebhooks'
import { createEvents, type EventBus } from '../../../src/events.js'
import { WebhookQueue } from '../../../src/http/webhooks/queue.js'
import { createWebhooks, type Webhooks } from '../../../src/http/webhooks/webhooks.js'
import { memoryKeyRing } from '../../support/keyring.js'
import { captured } from '../../support/log.js'
import { receiver } from '../../support/receiver.js'
import { testRedis, testStore, type TestRedis } from '../../support/redis.js'
import { until } from '../../support/whole.js'

interface Room {
  readonly redis: TestRedis
  readonly keys: ReturnType<typeof memoryKeyRing>
  readonly time: { now: number }
  /** Another process over the same store. */
  readonly process: (events?: EventBus) => Promise<{ webhooks: Webhooks, events: EventBus, logged: () => string }>
}

async function room(t: Test, allowPrivate = ['127.0.0.0/8']): Promise<Room> {
  const redis = await testRedis(t)
  const time = { now: Date.parse('2026-11-21T12:00:00Z') }
  const keys = memoryKeyRing(() => time.now)
  return {
    redis, keys, time,
    async process(events = createEvents((error) => { throw error })) {
      const { log, text } = captured()
      const webhooks = createWebhooks({ store: await testStore(t, redis), ring: keys, events, shops: () => ['one', 'two'], periodOf: async () => 86_400, allowPrivate, log, clock: () => time.now })
      t.teardown(() => webhooks.close())
      return { webhooks, events, logged: text }
    }
  }
}

const created = (events: EventBus, deliveryId: string, at: number, shopId = 'one'): void => events.emit('delivery.created', { deliveryId, shopId, at })
const ended = (events: EventBus, deliveryId: string, at: number): void => events.emit('call.ended', { callId: 'callx', deliveryId, shopId: 'one', caller: 'courier', at, result: 'success', reason: 'caller_hung_up', ringMs: 1, talkMs: 2 })
const all = ['delivery.created', 'delivery.closed', 'call.started', 'call.answered', 'call.ended', 'call.missed'] as const

t.test('an event reaches the shop, signed so that the library of Standard Webhooks believes it', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  const { secret } = await webhooks.targets.set('one', { url: shop.url, events: all, gate: null })
  time.now = Date.now()
  created(events, 'demo-abc', time.now)
  const { headers, body, event } = await until(async () => shop.got[0], 'the event')
  t.match(event, { type: 'delivery.created', timestamp: new Date(time.now).toISOString(), data: { deliveryId: 'demo-abc', shopId: 'one' } })
  t.doesNotThrow(() => new Webhook(secret!).verify(body, headers))
  t.throws(() => new Webhook(secret!).verify(body.replace('abc', 'abd'), headers))
  t.throws(() => new Webhook(secret!).verify(body, { ...headers, 'webhook-timestamp': String(Math.floor(time.now / 1000) - 400) }), 'a repetition of long ago is refused')
  await until(async () => await webhooks.queue.count('one') === 0 ? true : undefined, 'an empty queue')
  t.equal(webhooks.counts.sent, 1)

  const { secret: next } = await webhooks.targets.rotate('one')
  ended(events, 'demo-abc', time.now)
  const second = await until(async () => shop.got[1], 'the next event')
  for (const one of [secret!, next]) t.doesNotThrow(() => new Webhook(one).verify(second.body, second.headers), 'both secrets sign for a day')
})

t.test('only what was asked for, and only to the shop whose it is', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  await webhooks.targets.set('one', { url: shop.url, events: ['call.ended'], gate: null })
  created(events, 'demo-abc', time.now)
  created(events, 'demo-xyz', time.now, 'two')
  events.emit('call.ended', { callId: 'stranger', at: time.now, result: 'client_error', reason: 'line_unknown', ringMs: 0, talkMs: 0 })
  ended(events, 'demo-abc', time.now)
  await until(async () => shop.got.length > 0 ? true : undefined, 'an event')
  t.same(shop.got.map(({ event }) => event.type), ['call.ended'])
  t.equal(await webhooks.queue.count('two'), 0)
})

t.test('what fails is tried again later, in order, and never overtaken', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  await webhooks.targets.set('one', { url: shop.url, events: all, gate: null })
  shop.says.status = 500
  created(events, 'demo-abc', time.now)
  await until(async () => webhooks.counts.retried === 1 ? true : undefined, 'a failure')
  ended(events, 'demo-abc', time.now)
  await until(async () => await webhooks.queue.count('one') === 2 ? true : undefined, 'the next one behind it')
  const { nextTryAt = 0, ...counts } = await webhooks.queue.state('one')
  t.same(counts, { waiting: 1, retrying: 1, dead: 0 })
  t.ok(nextTryAt >= time.now + 4000 && nextTryAt <= time.now + 6000, 'the first pause is 5 s, give or take a fifth')
  created(events, 'demo-other', time.now)
  await until(async () => webhooks.counts.retried === 2 ? true : undefined, 'the failure of the other delivery, which waits for nobody')
  t.same(shop.got.map(({ event }) => `${event.type} ${String(event.data.deliveryId)}`), ['delivery.created demo-abc', 'delivery.created demo-other'], 'the second event of a delivery waits for the first')
  shop.says.status = 200
  time.now += 10_000
  await until(async () => webhooks.counts.sent === 3 ? true : undefined, 'all of them')
  t.same(shop.got.slice(2).filter(({ event }) => event.data.deliveryId === 'demo-abc').map(({ event }) => event.type), ['delivery.created', 'call.ended'])
  t.equal(new Set(shop.got.filter(({ event }) => event.type === 'delivery.created' && event.data.deliveryId === 'demo-abc').map(({ headers }) => headers['webhook-id'])).size, 1, 'a repetition has the same id')
})

t.test('a cap is told of, to its shop alone, without a delivery; also when it is asked for again', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  await webhooks.targets.set('one', { url: shop.url, events: ['cap.near', 'cap.reached'], gate: null })
  events.emit('cap.near', { shopId: 'two', cap: 'calls_per_hour', used: 8, limit: 10, at: time.now })
  shop.says.status = 410
  events.emit('cap.reached', { shopId: 'one', cap: 'calls_per_hour', used: 11, limit: 10, at: time.now })
  const [dead] = await until(async () => nonEmpty(await webhooks.queue.dead('one', 10)), 'the end')
  t.match(dead, { type: 'cap.reached', deliveryId: '' })
  shop.says.status = 204
  t.equal(await webhooks.queue.revive('one', dead!.id), true)
  await until(async () => webhooks.counts.sent === 1 ? true : undefined, 'the event')
  t.same(await webhooks.queue.dead('one', 10), [])
  t.same(shop.got.at(-1)?.event, { type: 'cap.reached', timestamp: new Date(time.now).toISOString(), data: { shopId: 'one', cap: 'calls_per_hour', used: 11, limit: 10 } })
})

t.test('a process that dies leaves its events to another; together they send each once and in order', async (t) => {
  const { process, time } = await room(t)
  const first = await process()
  const shop = await receiver(t)
  await first.webhooks.targets.set('one', { url: shop.url, events: all, gate: null })
  shop.says.status = 503
  for (let count = 0; count < 20; count++) created(first.events, `demo-${count}`, time.now)
  for (let count = 0; count < 20; count++) ended(first.events, `demo-${count}`, time.now)
  await until(async () => await first.webhooks.queue.count('one') === 40 ? true : undefined, 'all in the queue')
  await first.webhooks.close()
  shop.says.status = 200
  shop.got.length = 0
  time.now += 60_000
  const others = await Promise.all([process(), process()])
  let looks = 0
  await until(async () => {
    // What a busy machine lets fail is tried again by a clock that stands still here.
    if (++looks % 120 === 0) time.now += 400_000
    return others.reduce((sum, { webhooks }) => sum + webhooks.counts.sent, 0) >= 40 ? true : undefined
  }, () => `all events: ${JSON.stringify(others.map(({ webhooks }) => webhooks.counts))}`, 30_000)
  for (let count = 0; count < 20; count++) {
    t.same(shop.got.filter(({ event }) => event.data.deliveryId === `demo-${count}`).map(({ event }) => event.type), ['delivery.created', 'call.ended'])
  }
  t.equal(shop.got.length, 40)
})

t.test('when an event is tried again hangs on no clock of a process', async (t) => {
  const { redis } = await room(t)
  const queue = new WebhookQueue({ store: await testStore(t, redis), ring: memoryKeyRing() })
  const clock = Date.now
  t.teardown(() => { Date.now = clock })
  t.equal(await queue.push('one', { id: 'msg_b', lane: 'demo-abc', body: '{}', at: clock() + 3600_000 }), true, 'told by a process that is an hour ahead')
  const [head] = await queue.claim('one', 5)
  t.match(head, { id: 'msg_b', tries: 0 }, 'sent at once')
  t.equal(await queue.settle(head!, 'again', 300, { reason: 'timeout' }), true)
  Date.now = () => clock() - 3600_000
  t.same(await queue.claim('one', 5), [], 'not before its time')
  t.ok((await queue.state('one')).nextTryAt! - clock() <= 300)
  const [again] = await until(async () => nonEmpty(await queue.claim('one', 5)), 'its time')
  t.match(again, { id: 'msg_b', tries: 1 })
})

t.test('after a day nobody tries any more; the shop sees what it missed and may ask for it again', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  await webhooks.targets.set('one', { url: shop.url, events: all, gate: null })
  shop.says.status = 500
  created(events, 'demo-abc', time.now)
  await until(async () => webhooks.counts.retried === 1 ? true : undefined, 'a failure')
  time.now += 86_400_000
  const [dead] = await until(async () => nonEmpty(await webhooks.queue.dead('one', 10)), 'the end')
  t.match(dead, { type: 'delivery.created', deliveryId: 'demo-abc', tries: 2 })
  shop.says.status = 200
  t.equal(await webhooks.queue.revive('two', dead!.id), false, 'another shop knows nothing of it')
  t.equal(await webhooks.queue.revive('one', dead!.id), true)
  await until(async () => webhooks.counts.sent === 1 ? true : undefined, 'the event')
  t.same(await webhooks.queue.dead('one', 10), [])
  t.same(await webhooks.queue.state('one'), { waiting: 0, retrying: 0, dead: 0 })
  t.equal(await webhooks.queue.revive('one', dead!.id), false)
  t.equal(await webhooks.queue.discard('one', dead!.id), false)
})

t.test('410 says that nobody wants it', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  await webhooks.targets.set('one', { url: shop.url, events: all, gate: null })
  shop.says.status = 410
  created(events, 'demo-abc', time.now)
  await until(async () => webhooks.counts.dead === 1 ? true : undefined, 'the end')
  t.equal(shop.got.length, 1)
  t.match(await webhooks.queue.dead('one', 10), [{ type: 'delivery.created', tries: 1, failure: { reason: 'gone', status: 410 } }], 'what is counted can be seen')
})

t.test('private addresses are not called, whatever their name, and nobody is led there', async (t) => {
  const { process } = await room(t, [])
  const { webhooks } = await process()
  const shop = await receiver(t)
  const port = new URL(shop.url).port
  for (const url of [shop.url, `https://127.0.0.1:${port}/`, `https://localhost:${port}/`, `http://localhost:${port}/`, `https://[::ffff:127.0.0.1]:${port}/`, `https://2130706433:${port}/`, `https://0x7f.1:${port}/`, 'ftp://example.com/']) {
    const { target } = await webhooks.targets.set('one', { url, events: all, gate: null })
    t.match(await webhooks.test('one', target), { ok: false, reason: 'address' }, url)
  }
  t.equal(shop.connections(), 0, 'not even a connection')

  const ours = (await (await room(t)).process()).webhooks
  const { target } = await ours.targets.set('one', { url: shop.url, events: all, gate: null })
  shop.says.status = 302
  t.match(await ours.test('one', target), { ok: false, reason: 'status', status: 302 }, 'a redirect is not followed')
  t.match(await ours.test('one', { ...target, url: 'http://127.0.0.1:1/' }), { ok: false, reason: 'connection' })
  t.equal(shop.got.length, 1)
})

t.test('the gate: an answer in time decides, else what the shop has said', async (t) => {
  const { process } = await room(t)
  const { webhooks } = await process()
  const shop = await receiver(t)
  const question = { shopId: 'one', deliveryId: 'demo-abc', callId: 'callx', caller: 'courier' }
  t.equal(await webhooks.gate(question), 'allow', 'without a gate everybody may')
  const set = (onFailure: 'allow' | 'deny', url = shop.url): Promise<unknown> => webhooks.targets.set('one', { url: shop.url, events: [], gate: { url, timeoutMs: 150, onFailure } })
  await set('deny')
  for (const decision of ['allow', 'deny', 'announce'] as const) {
    Object.assign(shop.says, { status: 200, body: JSON.stringify({ decision }) })
    t.equal(await webhooks.gate(question), decision)
  }
  t.match(shop.got[0]!.event, { type: 'call.gate', data: { deliveryId: 'demo-abc', callId: 'callx', caller: 'courier' } })
  t.equal(webhooks.counts.gate_failed, 0)
  for (const [status, body] of [[200, '{}'], [200, 'yes'], [200, '{"decision":"perhaps"}'], [500, '{"decision":"allow"}']] as const) {
    Object.assign(shop.says, { status, body })
    for (const onFailure of ['deny', 'allow'] as const) {
      await set(onFailure)
      t.equal(await webhooks.gate(question), onFailure, `${status} ${body}`)
    }
  }
  Object.assign(shop.says, { status: 200, body: '{"decision":"allow"}', delayMs: 5000 })
  await set('deny')
  t.equal(await webhooks.gate(question), 'deny', 'too late')
  await set('deny', 'http://127.0.0.1:1/')
  t.equal(await webhooks.gate(question), 'deny', 'nobody there')
})

t.test('nothing of it is in clear in Redis, and what goes is gone', async (t) => {
  const { process, time, redis } = await room(t)
  const { webhooks, events } = await process()
  await webhooks.targets.set('one', { url: 'http://127.0.0.1:1/zqsecretpath', events: all, gate: null })
  for (const id of ['demo-abc', 'demo-xyz']) {
    created(events, id, time.now)
    ended(events, id, time.now)
  }
  await until(async () => await webhooks.queue.count('one') === 4 ? true : undefined, 'the queue')
  const store = await testStore(t, redis)
  for await (const names of store.scan('wh*')) {
    for (const name of names) {
      const dump = await store.call('DUMP', name) as Buffer
      t.notMatch(dump.toString('latin1'), /zqsecretpath|whsec_|call\.ended|courier/, name)
    }
  }
  t.equal(await webhooks.personData.count('one', { callIds: [], deliveryIds: ['demo-abc'] }), 2)
  t.equal(await webhooks.personData.erase('one', { callIds: [], deliveryIds: ['demo-abc'] }), 2)
  t.equal(await webhooks.queue.count('one'), 2)
  const sweep = { shopId: 'one', now: time.now + 2, before: time.now + 1, fence: { key: 'x', token: 'y' }, next: async () => { throw new Error('taken over') } }
  await t.rejects(webhooks.retained.delete(sweep), { message: 'taken over' })
  t.equal(await webhooks.retained.due({ ...sweep, before: time.now }), 0)
  t.match(await webhooks.retained.delete({ ...sweep, next: async () => ({}) as never }), { deleted: 2 })
  t.equal(await webhooks.retained.oldest('one'), undefined)
})

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined
}

t.test('a cap of a number is no shop\'s business: others share it', async (t) => {
  const { process, time } = await room(t)
  const { webhooks, events } = await process()
  const shop = await receiver(t)
  await webhooks.targets.set('one', { url: shop.url, events: ['cap.near', 'cap.reached'], gate: null })
  const cap = { shopId: 'one', used: 3, limit: 3, at: time.now }
  for (const name of ['number_calls_at_once', 'number_minutes_per_day', 'number_calls_per_minute', 'caller_calls_at_once']) {
    events.emit('cap.near', { ...cap, cap: name })
    events.emit('cap.reached', { ...cap, cap: name })
  }
  await until(async () => shop.got.length === 2 && await webhooks.queue.count('one') === 0 ? true : undefined, 'two events')
  t.same(shop.got.map(({ event }) => event.data.cap), ['caller_calls_at_once', 'caller_calls_at_once'])
})
