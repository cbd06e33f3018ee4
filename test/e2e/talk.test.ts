import t, { type Test } from 'tap'
import { findNumber, type Phone } from '../../src/embedded/phone/index.js'
import { courierNumber, customerNumber, freshLine, stage } from './stage.js'

const play = await stage(t, (config) => { config.limits.callsPerDeliveryHour = 1000 })

/** One side must not find the other's number anywhere in what reached it. */
function unseen(t: Test, phone: Phone, number: string): void {
  t.same(findNumber(phone.seen, number), [], `${number} never reached ${phone.number}`)
}

t.test('the courier calls, they talk, the courier hangs up', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  t.equal(ringing.shown, line.number, 'the customer sees the proxy number')
  await ringing.ring()
  const { status, body } = await call.ringing()
  t.equal(status, 180)
  // An engine that only relays has no voice to ring with; then the caller's own phone rings.
  if (play.config.rtpengine.url === null) t.ok(body.length > 0 && await call.hears(425), 'the courier hears ringing of our making')
  else t.equal(body.length, 0, 'the courier\'s own phone rings')
  await ringing.answer()
  await call.answered()
  call.say(440)
  ringing.say(660)
  t.ok(await ringing.hears(440), 'the customer hears the courier')
  t.ok(await call.hears(660), 'the courier hears the customer')
  t.equal((await call.hangUp())?.status, 200)
  t.match(await ringing.ended(), { by: 'them' })
  const [record] = await play.endedCalls(line.id, 1)
  t.match(record, { startedBy: 'courier', result: 'success', reason: 'caller_hung_up', state: 'ended' })
  unseen(t, play.courier, customerNumber)
  unseen(t, play.customer, courierNumber)
})

t.test('the customer calls the same number back and the courier hangs up first', async (t) => {
  const line = await freshLine(play)
  const call = play.customer.call(line.number, { via: play.via })
  const ringing = await play.courier.nextCall()
  t.equal(ringing.shown, line.number)
  await ringing.answer()
  await call.answered()
  t.equal((await ringing.hangUp())?.status, 200)
  t.match(await call.ended(), { by: 'them' })
  t.match((await play.endedCalls(line.id, 1))[0], { startedBy: 'customer', result: 'success', reason: 'callee_hung_up' })
})

t.test('hold and resume from either side stay on that side', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  const before = ringing.messages.length
  t.match(await call.hold(), { status: 200 })
  t.match(await call.resume(), { status: 200 })
  t.equal(ringing.messages.length, before, 'the customer\'s phone was told nothing')
  t.match(await ringing.hold(), { status: 200 })
  t.match(await ringing.resume(), { status: 200 })
  call.say(440)
  t.ok(await ringing.hears(440), 'and they talk on')
  await call.hangUp()
  await ringing.ended()
})

t.test('a caller whose INVITE has no offer', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via, sdp: () => undefined })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  t.equal((await call.ringing()).body.length, 0, 'rings by itself')
  await ringing.answer()
  await call.answered()
  call.say(440)
  ringing.say(660)
  t.ok(await ringing.hears(440))
  t.ok(await call.hears(660))
  await call.hangUp()
  await ringing.ended()
})

t.test('keys pressed by one side are heard by the other as keys', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  await call.ringing()
  // As long as anybody needs to take up a phone; then at once.
  await new Promise((resolve) => setTimeout(resolve, 500))
  await ringing.answer()
  await call.answered()
  call.press('5')
  await ringing.until(() => ringing.digits === '5' ? true : undefined, 5000, 'a digit')
  t.equal((await call.pressByInfo('7')).status, 200, 'a key as INFO is answered')
  t.notOk(ringing.messages.some(({ message }) => message?.kind === 'request' && message.method === 'INFO'), 'and goes no further')
  await call.hangUp()
})

t.test('closing the delivery does not cut a talk and stops the next call', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  t.equal((await play.api('DELETE', `/v1/deliveries/${line.id}`)).status, 200)
  call.say(440)
  t.ok(await ringing.hears(440), 'they talk on')
  await call.hangUp()
  const late = play.courier.call(line.number, { via: play.via })
  t.equal((await late.refused(15_000)).status, 410)
  t.equal(play.customer.waiting, 0, 'nobody rings')
})

t.test('one-way lines', async (t) => {
  const line = await freshLine(play, { direction: 'courier' })
  const back = play.customer.call(line.number, { via: play.via })
  t.equal((await back.refused(15_000)).status, 480)
  t.equal(play.courier.waiting, 0)
  t.match((await play.endedCalls(line.id, 1))[0], { reason: 'wrong_direction' })
})

t.test('after all calls nothing is left', async (t) => {
  await play.idle()
  t.equal(play.app.stats().calls, 0)
})
