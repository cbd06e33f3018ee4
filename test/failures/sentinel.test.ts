import t from 'tap'
import { courierNumber, stage, strangerNumber } from '../e2e/stage.js'
import { inStep, lockOut, startSentinel, type Node } from '../support/cluster.js'
import { until } from '../support/whole.js'
import { patienceMs, scenesOn } from './support.js'

const site = await startSentinel(t, 2)
const play = await stage(t, (config) => {
  config.redis.url = site.url
  config.redis.commandTimeoutMs = 3000
  Object.assign(config.limits, { callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 1000 })
})
const { talk, ready, callWorks } = scenesOn(play)
await ready(true)

let orders = 0
const order = (): ReturnType<typeof play.api> => play.api('POST', '/v1/deliveries', {
  reference: `late-${orders++}`, courier: { phone: courierNumber }, customer: { phone: strangerNumber }, ttlSeconds: 3600
})
const line = await play.line()
const [first] = site.nodes

/** A server that was killed comes back as a replica, which the sentinel sees to within ten seconds. */
async function follow(node: Node, { port }: Node): Promise<void> {
  await node.start()
  await until(() => node.store.call('REPLICAOF', '127.0.0.1', port).then(() => true, () => undefined), 'it to follow', patienceMs)
  await inStep(node)
}

t.test('the primary is killed under live calls', async (t) => {
  const other = await play.line({ customer: { phone: strangerNumber } })
  const live = await talk(line)
  const ringing = play.stranger.call(other.number, { via: play.via })
  const rung = await play.courier.nextCall(patienceMs)
  await rung.ring()
  await ringing.ringing(patienceMs)
  await (await site.primary()).kill()

  const late = await play.customer.call(line.number, { via: play.via }).refused(patienceMs)
  t.equal(late.status, 503)
  t.match(late.headers.get('retry-after'), /^\d+$/)
  t.equal(play.courier.waiting, 0, 'nobody else rings')
  t.match(await order(), { status: 503, body: { code: 'store_unavailable' } })
  t.ok(await live.bothHear(), 'they talk on')
  await rung.answer()
  await ringing.answered(patienceMs)
  ringing.say(880)
  t.ok(await rung.hears(880, patienceMs), 'who was ringing is connected')

  await site.failOver()
  await ready(true)
  t.ok(await live.bothHear(), 'they talk on')
  await live.call.hangUp()
  await rung.hangUp()
  t.match(await play.endedCalls(line.id, 1), [{ result: 'success', reason: 'caller_hung_up' }])
  t.match(await play.endedCalls(other.id, 1), [{ result: 'success', reason: 'callee_hung_up' }])
  await callWorks(t, line, 'new calls go through by themselves')
  const made = await until(async () => { const answer = await order(); return answer.status === 201 ? answer : undefined }, 'deliveries to be given', patienceMs)
  t.notOk([line.number, other.number].includes(made.body.number as string), 'a number of its own')
  await play.idle()
})

t.test('what no replica had: nothing of it was promised, and a call that is under way has its record', async (t) => {
  const primary = await site.primary()
  await follow(first!, primary)
  await lockOut(primary, 'replica')
  const unseen = await talk(line)
  const refused = { reference: 'unseen', courier: { phone: courierNumber }, customer: { phone: strangerNumber }, ttlSeconds: 3600 }
  t.match(await play.api('POST', '/v1/deliveries', refused), { status: 503, body: { code: 'store_unavailable' } }, 'a number that could be given again is not given')
  t.match(play.logged(), /store\.not_replicated/)
  await primary.kill()
  await site.failOver()
  await ready(true)
  t.ok(await unseen.bothHear(), 'they talk on')
  await unseen.call.hangUp()
  t.match((await play.endedCalls(line.id, 3)).at(-1), { result: 'success', reason: 'caller_hung_up' }, 'the new primary had heard nothing of the call')
  t.match(play.logged(), /record\.restored/)

  const made = await until(async () => {
    const answer = await play.api('POST', '/v1/deliveries', refused)
    return answer.status === 201 ? answer : undefined
  }, 'deliveries to be given', patienceMs)
  const call = play.courier.call(made.body.number as string, { via: play.via })
  const taken = await play.stranger.nextCall(patienceMs)
  t.equal(taken.shown, made.body.number)
  await call.cancel()
  await taken.ended(patienceMs)
  await callWorks(t, line, 'every number leads to whom it was given for')
  t.equal(play.stranger.waiting, 0)
  await play.idle()
})
