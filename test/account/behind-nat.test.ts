import t from 'tap'
import { noAccounts } from '../../src/account/accounts.js'
import { answeredByApp, calledByApp, reachable } from '../../src/account/behind-nat.js'
import { createCalls } from '../../src/call/calls.js'
import type { CallDeps } from '../../src/call/deps.js'
import { readSdp } from '../../src/media/sdp.js'
import { CallFailed } from '../../src/sip/types.js'
import { CallStage, partyPhones, ScriptedInbound, ScriptedLeg } from '../support/call-doubles.js'
import { silent } from '../support/log.js'

/** The outside of a NAT, and where a phone has moved to. */
const [outside, moved] = ['203.0.113.7', '198.51.100.9']
const described = (address: string, family = 4): string => `v=0\r\no=- 1 1 IN IP${family} ${address}\r\ns=-\r\nc=IN IP${family} ${address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`
const addressIn = (sdp: string): string | undefined => /^c=IN IP[46] (.*)\r$/m.exec(sdp)?.[1]
const named = (address: string, seen = outside, family = 4): string | undefined => addressIn(reachable(described(address, family), seen))

t.test('an address that only neighbours reach gives way to the one that SIP came from', async (t) => {
  for (const address of ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.5', '100.64.0.1', '100.127.255.255', '169.254.9.9']) {
    t.equal(named(address), outside, address)
  }
  for (const address of ['fd00::5', 'fc01::1', 'fe80::1', 'FE80::1', 'febf::1']) t.equal(named(address, '2001:db8::7', 6), '2001:db8::7', address)
  t.equal(named('10.1.2.3', `::ffff:${outside}`), outside, 'as a socket for both families names it')
  t.equal(named('fd00::5', '[2001:db8::7]', 6), '2001:db8::7')
})

t.test('any other stays', async (t) => {
  for (const address of ['9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.1.1', '100.63.255.255', '100.128.0.0', '169.253.0.1', '127.0.0.1', '192.0.2.1', moved, '0.0.0.0', '224.0.0.1']) {
    t.equal(named(address), address)
  }
  for (const address of ['2001:db8::1', 'fec0::1', 'ff02::1', '::', '::1']) t.equal(named(address, '2001:db8::7', 6), address)
})

t.test('so it does when that says no more', async (t) => {
  for (const seen of ['10.1.2.4', '192.168.1.1', '100.64.0.1', '::ffff:10.0.0.1', '2001:db8::7', 'fe80::1%eth0', '', 'sip.example']) t.equal(named('10.1.2.3', seen), '10.1.2.3', `seen: ${seen}`)
  for (const seen of ['fd00::9', 'fe80::1%eth0', outside]) t.equal(named('fd00::5', seen, 6), 'fd00::5', `seen: ${seen}`)
})

t.test('nothing else changes', async (t) => {
  const text = described('10.1.2.3').replace('a=rtpmap', 'c=IN IP4 192.168.0.9\r\na=rtcp:4001 IN IP4 10.1.2.3\r\na=candidate:1 1 UDP 1 10.1.2.3 4000 typ host\r\ni=c=IN IP4 10.1.2.3\r\na=rtpmap')
  t.equal(reachable(text, outside), text.replace('c=IN IP4 10.1.2.3\r\nt=', `c=IN IP4 ${outside}\r\nt=`).replace('c=IN IP4 192.168.0.9', `c=IN IP4 ${outside}`), 'of the whole and of a stream')
  t.equal(reachable('v=0\nc=IN IP4 10.1.2.3\nt=0 0', outside), `v=0\nc=IN IP4 ${outside}\nt=0 0`, 'with other ends of lines')
})

t.test('what is malformed stays so', async (t) => {
  for (const line of ['c=IN IP4 10.1.2.3/127', 'c=IN IP4 10.1.2.03', 'c=IN IP4 10.1.2', 'c=IN IP4 fd00::5', 'c=IN IP6 10.1.2.3', 'c=IN IP5 10.1.2.3', 'C=IN IP4 10.1.2.3', 'c= IN IP4 10.1.2.3', 'c=IN IP4', 'c=IN IP4 10.1.2.3x']) {
    const text = described('10.1.2.3').replace(/^c=.*$/m, line)
    t.equal(reachable(text, outside), text, line)
    t.equal(reachable(text, '2001:db8::7'), text, line)
    t.throws(() => readSdp(reachable(text, outside)), { code: 'media_rejected' })
  }
  for (const text of ['', 'nonsense', '\r\n\r\n', 'c=', 'c=IN IP4 '.repeat(1000)]) t.equal(reachable(text, outside), text)
})

class FromOutside extends ScriptedInbound {
  override readonly source = { address: outside, port: 1024, protocol: 'tls' }
}

class WithoutOffer extends FromOutside {
  override readonly offer = undefined
}

t.test('a call of an app: its offer, and what it offers later from wherever it is then', async (t) => {
  const inbound = new FromOutside(70, described('10.1.2.3'))
  const call = calledByApp(inbound)
  t.equal(addressIn(call.offer!), outside)
  t.match(call, { source: inbound.source, dialled: inbound.dialled, uri: inbound.uri, maxForwards: 70, bodyUnsupported: false })
  const leg = await call.answer('ours')
  t.same(inbound.sent, ['200 ours'], 'what we say is as it was')
  const heard: (string | undefined)[] = []
  leg.onOffer(async (offer) => { heard.push(offer && addressIn(offer)); return 'ours again' })
  t.equal(await inbound.leg.offers?.(described('10.1.2.3'), inbound.source), 'ours again')
  await inbound.leg.offers?.(described('192.168.7.7'), { address: moved, port: 1 })
  await inbound.leg.offers?.(described(outside), { address: moved, port: 1 })
  await inbound.leg.offers?.(undefined, inbound.source)
  t.same(heard, [outside, moved, outside, undefined])
  await leg.hangUp()
  t.equal(inbound.leg.hungUp, 1)
  t.equal(await leg.ended, 'hung_up')
})

t.test('a call without an offer: the answer in its ACK', async (t) => {
  const inbound = new WithoutOffer()
  inbound.ack = Promise.resolve(described('10.1.2.3'))
  const call = calledByApp(inbound)
  t.equal(call.offer, undefined)
  const { leg, answer } = await call.answerWithOffer('ours')
  t.equal(addressIn(await answer), outside)
  leg.onOffer(async (offer) => addressIn(offer!)!)
  t.equal(await inbound.leg.offers?.(described('10.1.2.3'), inbound.source), outside)
  inbound.ack = Promise.reject(new Error('none came'))
  const silent = await call.answerWithOffer('ours')
  await new Promise((resolve) => { setImmediate(resolve) })
  await t.rejects(silent.answer, { message: 'none came' }, 'and who does not wait for it is not disturbed')
})

t.test('an app that is called: its answer, from where it is registered', async (t) => {
  const leg = new ScriptedLeg()
  const answered = answeredByApp({ leg, answer: described('10.1.2.3') }, { route: `sip:${outside}:5071;transport=tcp` })
  t.equal(addressIn(answered.answer), outside)
  answered.leg.onOffer(async (offer) => addressIn(offer!)!)
  t.equal(await leg.offers?.(described('10.1.2.3'), { address: moved, port: 1 }), moved)
  t.equal(addressIn(answeredByApp({ leg, answer: described('fd00::5', 6) }, { route: 'sip:[2001:db8::7]:5071;transport=tls' }).answer), '2001:db8::7')
  t.equal(addressIn(answeredByApp({ leg, answer: described('10.1.2.3') }, { route: 'sip:10.9.9.9:5071;transport=udp' }).answer), '10.1.2.3', 'a neighbour')
})

/** Plays a call of the customer to the courier and says what the media engine was told of each side. */
async function toldOf(stage: CallStage, changed: Partial<CallDeps>): Promise<{ a: string | undefined, b: string | undefined }> {
  const told: { a: string | undefined, b: string | undefined } = { a: undefined, b: undefined }
  const deps = stage.deps()
  const media: CallDeps['media'] = {
    ...deps.media,
    async open(callId, offer, needs) {
      told.a = offer && addressIn(offer)
      const session = await deps.media.open(callId, offer, needs)
      return { ...session, connect: (answer) => { told.b = addressIn(answer); return session.connect(answer) } }
    }
  }
  const calls = createCalls({ ...deps, media, ...changed }, silent)
  const inbound = new FromOutside(70, described('10.1.2.3'))
  calls.take(inbound)
  for (let turns = 0; turns < 10_000 && !inbound.sent.some((sent) => sent.startsWith('200')); turns++) await new Promise((resolve) => { setImmediate(resolve) })
  inbound.leg.end()
  await calls.close()
  return told
}

t.test('apps are taken by where they are, carriers at their word', async (t) => {
  const stage = new CallStage()
  const [trunk, account] = [{ id: 'demo', asksCode: false, identity: [], country: 'EE' }, { name: 'demo-x', shopId: 'demo', deliveryId: 'demo-abc', party: 'courier' as const }]
  stage.callee = async () => ({ leg: stage.b, answer: described('10.9.9.9') })
  stage.found = { kind: 'connect', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'customer', phones: partyPhones, callee: partyPhones.courier }
  const byCarrier = { trunks: { recognise: () => trunk } }
  t.same(await toldOf(stage, byCarrier), { a: '10.1.2.3', b: '10.9.9.9' }, 'from a carrier, to a carrier')
  stage.app = { uri: 'sip:demo-x@10.9.9.9', route: `sip:${moved}:5071;transport=tcp` }
  stage.ringApp = stage.callee
  t.same(await toldOf(stage, byCarrier), { a: '10.1.2.3', b: moved }, 'from a carrier, to an app')
  stage.ringApp = () => Promise.reject(new CallFailed(480))
  t.same(await toldOf(stage, byCarrier), { a: '10.1.2.3', b: '10.9.9.9' }, 'to a carrier after the app')
  const accounts = { ...noAccounts, serves: () => true, authenticate: async () => ({ kind: 'known' as const, account }) }
  t.same(await toldOf(stage, { accounts }), { a: outside, b: '10.9.9.9' }, 'from an app, to a carrier')
})
