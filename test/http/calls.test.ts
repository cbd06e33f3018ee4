import t from 'tap'
import type { CallStart } from '../../src/record/types.js'
import { keys, reference, testApi } from './support.js'

const { send, journal } = await testApi(t)
const now = Date.now()
const start = (id: string, startedAt: number, change: Partial<CallStart> = {}): CallStart =>
  ({ id, shopId: 'one', deliveryId: 'demo-bcdfghjkmnpqrstvwxyz', reference, startedBy: 'courier', callee: 'customer', phones: {}, startedAt, ...change })

/** One call that was talked through, one that nobody answered, one that rings, and one of another shop. */
t.before(async () => {
  const talked = start('bbbbbbbbbbbbbbbbbbbb', now - 60_000)
  await journal.open(talked)
  await journal.finish(talked, { at: now - 40_000, answeredAt: now - 55_000, result: 'success', reason: 'caller_hung_up' })
  const missed = start('cccccccccccccccccccc', now - 30_000, { startedBy: 'customer', callee: 'courier' })
  await journal.open(missed)
  await journal.finish(missed, { at: now - 20_000, result: 'client_error', reason: 'no_answer' })
  await journal.open(start('dddddddddddddddddddd', now - 5000))
  await journal.open(start('ffffffffffffffffffff', now - 5000, { shopId: 'two', deliveryId: 'demo-zyxwvtsrqpnmkjhgfdcb' }))
})

interface Row { id: string }
const idsOf = (body: { calls: Row[] }): string[] => body.calls.map(({ id }) => id[0]!)

t.test('the calls of a delivery', async (t) => {
  const answer = await send('GET', '/v1/deliveries/demo-bcdfghjkmnpqrstvwxyz/calls')
  t.equal(answer.statusCode, 200, answer.body)
  const { calls, summary } = answer.json<{ calls: Row[], summary: unknown }>()
  t.strictSame(calls[0], {
    id: 'bbbbbbbbbbbbbbbbbbbb', deliveryId: 'demo-bcdfghjkmnpqrstvwxyz', reference, startedBy: 'courier', callee: 'customer', state: 'ended',
    startedAt: new Date(now - 60_000).toISOString(), answeredAt: new Date(now - 55_000).toISOString(), endedAt: new Date(now - 40_000).toISOString(),
    ringMs: 5000, talkMs: 15_000, result: 'success', reason: 'caller_hung_up'
  })
  t.strictSame(summary, { reached: true, attempts: 3, reachedOnAttempt: 1, firstReachedAfterSeconds: 5, missedBy: { courier: 1, customer: 0 } }, 'how the parties reached each other')
  t.match(calls[1], { startedBy: 'customer', state: 'ended', result: 'client_error', reason: 'no_answer' })
  t.notHas(calls[1], { answeredAt: String, talkMs: 1 })
  t.match(calls[2], { state: 'ringing' })
  t.notHas(calls[2], { result: String })
})

t.test('the calls of a shop, by window and page', async (t) => {
  t.strictSame(idsOf((await send('GET', '/v1/calls')).json()), ['b', 'c', 'd'], 'the last day')
  const at = (ms: number): string => encodeURIComponent(new Date(now + ms).toISOString())
  t.strictSame(idsOf((await send('GET', `/v1/calls?from=${at(-60_000)}&to=${at(-30_000)}`)).json()), ['b'], 'from is in, to is not')
  t.strictSame(idsOf((await send('GET', `/v1/calls?from=${at(-59_999)}`)).json()), ['c', 'd'])

  const first = (await send('GET', `/v1/calls?limit=2&from=${at(-90_000)}&to=${at(0)}`)).json<{ calls: Row[], next: string }>()
  t.strictSame(idsOf(first), ['b', 'c'])
  const second = (await send('GET', `/v1/calls?limit=2&from=${at(-90_000)}&to=${at(0)}&cursor=${encodeURIComponent(first.next)}`)).json<{ calls: Row[], next?: string }>()
  t.strictSame(idsOf(second), ['d'])
  t.equal(second.next, undefined)
})

t.test('another shop sees its own only', async (t) => {
  t.strictSame(idsOf((await send('GET', '/v1/calls', undefined, { key: keys.two })).json()), ['f'])
  t.equal((await send('GET', '/v1/deliveries/demo-bcdfghjkmnpqrstvwxyz/calls', undefined, { key: keys.two })).statusCode, 404)
})

t.test('a cursor of somebody else\'s making is harmless', async (t) => {
  for (const cursor of ['x', '0.x', '99999999999999999999.b', '-1', '...', 'NaN.b']) {
    const answer = await send('GET', `/v1/calls?cursor=${encodeURIComponent(cursor)}`)
    t.ok([200, 422].includes(answer.statusCode), `${cursor}: ${answer.body}`)
  }
})

t.test('what happened in one call; in the trail as a look at it, for another shop unknown', async (t) => {
  const traced = start('gggggggggggggggggggg', now - 10_000, { trace: { steps: [{ at: 0, what: 'a.in.invite' }, { at: 3, what: 'lookup', detail: 'connect' }, { at: 900, what: 'b.in.status', detail: 486 }] } })
  await journal.open(traced)
  await journal.finish(traced, { at: now - 9000, result: 'client_error', reason: 'busy' })
  const answer = await send('GET', `/v1/calls/${traced.id}/trace`)
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(answer.json<{ steps: unknown }>().steps, traced.trace?.steps)
  t.match(answer.json(), { call: { id: traced.id, reason: 'busy' } })
  t.match((await send('GET', '/v1/audit?limit=5')).body, new RegExp(`call ${traced.id}`))
  t.match((await send('GET', '/v1/calls/bbbbbbbbbbbbbbbbbbbb/trace')).json(), { steps: [] }, 'one that was not traced')
  t.match((await send('GET', `/v1/calls/${traced.id}/trace`, undefined, { key: keys.two })).json(), { code: 'call_not_found' })
  t.match((await send('GET', '/v1/calls/46701740605/trace')).json(), { status: 404, code: 'call_not_found' })
})
