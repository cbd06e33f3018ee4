import t, { type Test } from 'tap'
import { createPhone, PhoneError, type IncomingCall, type OutgoingCall, type Phone } from '../../../src/embedded/phone/index.js'
import type { CallOptions } from '../../../src/embedded/phone/index.js'

const alice = '+46701740611'
const bob = '+46701740612'

/** Two phones that call each other without anybody between. */
async function two(t: Test, t1 = 500): Promise<[Phone, Phone]> {
  const phones: [Phone, Phone] = [await createPhone({ number: alice, t1 }), await createPhone({ number: bob, t1 })]
  t.teardown(async () => Promise.all(phones.map((phone) => phone.close())))
  return phones
}
const dial = (a: Phone, b: Phone, options: Partial<CallOptions> = {}): OutgoingCall => a.call(b.number, { via: `sip:127.0.0.1:${b.port}`, ...options })
async function talking(a: Phone, b: Phone, options?: Partial<CallOptions>): Promise<[OutgoingCall, IncomingCall]> {
  const out = dial(a, b, options)
  const into = await b.nextCall()
  await into.answer()
  return [await out.answered(), into]
}
const kinds = (call: OutgoingCall | IncomingCall): string[] => call.messages.map(({ direction, message, lost }) => `${lost ? 'lost ' : ''}${direction} ${message?.kind === 'request' ? message.method : message?.status}`)

t.test('a call from ringing to goodbye, heard at both ends', async (t) => {
  const [a, b] = await two(t)
  const out = dial(a, b, { displayName: 'Alice' })
  const into = await b.nextCall()
  t.equal(into.shown, alice)
  await into.ring()
  t.equal((await out.ringing()).status, 180)
  await into.answer()
  await out.answered()
  out.say(440)
  into.say(660)
  t.same(await Promise.all([out.hears(660), into.hears(440)]), [true, true])
  t.equal(await out.hears(440, 400), false, 'nobody hears himself')
  t.equal((await out.hangUp())?.status, 200)
  t.same(await into.ended(), { by: 'them' })
  t.same(out.ending, { by: 'us' })
  t.same(kinds(out), ['out INVITE', 'in 100', 'in 180', 'in 200', 'out ACK', 'out BYE', 'in 200'])
  t.ok(out.packets.some(({ kind, direction }) => kind === 'rtcp' && direction === 'in'), 'reports pass as well')
  t.equal(await out.hangUp(), undefined, 'once')
})

t.test('what arrived and what left can be searched byte by byte', async (t) => {
  const [a, b] = await two(t)
  const [out, into] = await talking(a, b, { headers: [['X-Note', 'CANARY']] })
  out.say(440)
  await into.hears(440)
  t.ok(b.seen.includes('X-Note: CANARY'))
  t.ok(a.sent.includes('X-Note: CANARY'))
  t.notOk(a.seen.includes('CANARY'))
  const rtp = into.packets.find(({ kind, direction }) => kind === 'rtp' && direction === 'in')!
  t.ok(b.seen.includes(rtp.data) && a.sent.includes(rtp.data))
  t.ok(b.seen.includes(`${alice}@127.0.0.1`), 'the CNAME of a talkative phone')
})

t.test('a callee refuses and redirects in words of its own', async (t) => {
  const [a, b] = await two(t)
  b.onCall((call) => call.reject(486, { reason: 'At the hairdresser', headers: [['Retry-After', '60']] }))
  const busy = dial(a, b)
  t.match(await busy.refused(), { status: 486, reason: 'At the hairdresser' })
  t.same(busy.ending, { by: 'refused', status: 486, reason: 'At the hairdresser' })
  t.equal(busy.final?.headers.get('retry-after'), '60')
  await t.rejects(busy.answered(), PhoneError)
  b.onCall((call) => call.redirect(['sip:elsewhere@192.0.2.1']))
  const moved = await dial(a, b).refused()
  t.match(moved, { status: 302 })
  t.equal(moved.headers.get('contact'), '<sip:elsewhere@192.0.2.1>')
})

t.test('a caller gives up', async (t) => {
  const [a, b] = await two(t)
  const out = dial(a, b)
  const into = await b.nextCall()
  await into.ring()
  await out.ringing()
  await out.cancel([['Reason', 'SIP;cause=200']])
  t.match(await out.ended(), { by: 'cancelled', status: 487 })
  t.same(await into.ended(), { by: 'cancelled', status: 487 })
  await t.rejects(into.answer(), PhoneError, 'and then it is too late')
  t.ok(b.seen.includes('Reason: SIP;cause=200'))
})

t.test('an answer that crosses the CANCEL', async (t) => {
  const [a, b] = await two(t)
  const out = dial(a, b)
  const into = await b.nextCall()
  await into.ring()
  await out.ringing()
  into.missCancel()
  await out.cancel()
  await into.until(() => into.messages.find(({ lost }) => lost), 2000)
  await into.answer()
  t.match(await into.ended(), { by: 'them' }, 'the agent of the caller acknowledges and hangs up')
  t.same(kinds(into).slice(-4), ['out 200', 'in ACK', 'in BYE', 'out 200'])
})

t.test('BYE in the instant of the answer', async (t) => {
  const [a, b] = await two(t)
  const out = dial(a, b, { onAnswer: (call) => void call.hangUp() })
  const into = await b.nextCall()
  await into.answer()
  t.same(await into.ended(), { by: 'them' })
  await out.until(() => kinds(out).at(-2) === 'out BYE' ? true : undefined)
  t.same(kinds(out).slice(-3), ['out ACK', 'out BYE', 'in 200'])
})

t.test('a late ACK, and one that never comes', async (t) => {
  const [a, b] = await two(t, 20)
  const [late] = await talking(a, b, { ack: 100 })
  await late.until(() => kinds(late).includes('out ACK') ? true : undefined)
  t.ok(kinds(late).filter((kind) => kind === 'in 200').length > 1, 'the answer was repeated')
  await late.hangUp()
  const never = dial(a, b, { ack: 'never' })
  const into = await b.nextCall()
  await into.answer()
  t.same(await into.ended(5000), { by: 'lost' }, 'the callee waits for 64 times T1')
  t.same(await never.ended(), { by: 'them' })
  t.ok(kinds(never).includes('lost out ACK'))
  t.notOk(kinds(into).includes('in ACK'))
})

t.test('a lost BYE is sent again, a lost answer to it gives up in the end', async (t) => {
  const [a, b] = await two(t, 20)
  const [out, into] = await talking(a, b)
  a.lose({ direction: 'out', method: 'BYE', status: 0 }, 2)
  t.equal((await out.hangUp())?.status, 200)
  t.same(await into.ended(), { by: 'them' })
  t.equal(kinds(out).filter((kind) => kind === 'lost out BYE').length, 2)
  const [again] = await talking(a, b)
  a.lose({ method: 'BYE' }, Infinity)
  t.equal((await again.hangUp())?.status, 408)
})

t.test('early media is heard before the answer', async (t) => {
  const [a, b] = await two(t)
  const out = dial(a, b)
  const into = await b.nextCall()
  await into.ring({ status: 183, early: true, reason: 'Mailbox of somebody' })
  into.say(1000)
  t.match(await out.ringing(), { status: 183, reason: 'Mailbox of somebody' })
  t.equal(await out.hears(1000), true)
  t.equal(out.state, 'ringing')
  await into.hangUp()
  t.match(await out.refused(), { status: 480 })
})

t.test('without an offer in the INVITE the callee offers', async (t) => {
  const [a, b] = await two(t)
  const [out, into] = await talking(a, b, { sdp: () => undefined })
  out.say(440)
  into.say(660)
  t.same(await Promise.all([out.hears(660), into.hears(440)]), [true, true])
  t.match(out.messages.find(({ message }) => message?.kind === 'request' && message.method === 'ACK')?.data.toString(), /^v=0/m)
})

t.test('hold silences one way, resume brings it back, and a refused offer changes nothing', async (t) => {
  const [a, b] = await two(t)
  const [out, into] = await talking(a, b)
  out.say(440)
  into.say(660)
  t.equal(await out.hears(660), true)
  t.equal((await out.hold()).status, 200)
  t.equal(into.audio?.direction, 'recvonly')
  await new Promise((resolve) => { setTimeout(resolve, 60) })
  t.equal(await out.hearsSomething(300), false)
  t.equal(await into.hears(440), true, 'music on hold')
  t.equal((await out.resume()).status, 200)
  t.equal(await out.hears(660), true)
  into.takesOffers = false
  t.equal((await out.hold()).status, 488)
  t.equal((await into.reoffer('inactive')).status, 200, 'the callee may offer too')
})

t.test('keys are heard once each, in RTP and in INFO', async (t) => {
  const [a, b] = await two(t)
  const [out, into] = await talking(a, b)
  for (const digit of '15#') {
    out.press(digit)
    await into.until(() => into.digits.endsWith(digit) ? true : undefined)
  }
  t.equal(into.digits, '15#')
  t.equal((await out.pressByInfo('7')).status, 200)
  t.ok(b.seen.includes('Signal=7'))
})

t.test('a phone that nobody calls says so, and a closed one lets go of everything', async (t) => {
  const [a, b] = await two(t, 5)
  await t.rejects(a.nextCall(50), PhoneError)
  const [out] = await talking(a, b)
  await out.hangUp()
  t.equal(b.waiting, 0)
  await out.until(() => b.busy.timers + a.busy.timers + a.busy.transactions === 0 ? true : undefined, 100).catch(() => undefined)
  const deadline = Date.now() + 5000
  while (Date.now() < deadline && a.busy.timers + b.busy.timers > 0) await new Promise((resolve) => { setTimeout(resolve, 20) })
  t.same([a.busy, b.busy], Array(2).fill({ transactions: 0, dialogs: 0, timers: 0 }))
  await t.rejects(createPhone({ number: alice, port: a.port }), { code: 'EADDRINUSE' })
})

t.test('what no phone does is refused', async (t) => {
  const [a, b] = await two(t)
  const [out, into] = await talking(a, b)
  t.equal((await out.ask('REFER', [['Refer-To', '<sip:elsewhere@192.0.2.1>']])).status, 405)
  t.equal((await out.ask('OPTIONS')).status, 200)
  t.equal((await into.ask('UPDATE')).status, 200)
  await out.hangUp()
  await t.rejects(out.ask('INFO'), PhoneError)
})
