import type { Test } from 'tap'
import { newId } from '../../src/ids.js'
import { readSdp } from '../../src/media/sdp.js'
import { hearsTone } from '../../src/media/rtp/tone.js'
import type { Abilities, MediaEngine } from '../../src/media/types.js'
import { soundsFolder } from '../../src/media/sounds.js'
import { connected, empty, phone, type Load } from './call.js'
import { behindNat, intruder } from './conformance-intruder.js'
import { leaks } from './conformance-leaks.js'
import { offerFirst } from './conformance-offer.js'
import { canaries, events, likeness, opus, pcma, pcmu, sleep, waitFor, type Phone } from './phone.js'

export interface EngineUnderTest {
  readonly engine: MediaEngine
  readonly load: Load
}

export type MakeEngine = (t: Pick<Test, 'teardown'>, options: { silenceTimeoutMs: number }) => Promise<EngineUnderTest>

export interface ConformanceOptions {
  readonly abilities: Abilities
  /** Sessions that are hung up at random moments. */
  readonly hangUps: number
  /** Milliseconds after which it has learned for good where the phones are. */
  readonly learnedMs?: number
  /** Whether it looks for a phone at the address that it described first. */
  readonly prefersDescribed?: boolean
}

const long = 600_000
const toneA = 700
const toneB = 1100

/** What every media engine must do, checked through real sockets with phones that make and hear tones. */
export function conformance(t: Test, makeEngine: MakeEngine, options: ConformanceOptions): void {
  t.test('abilities, ping and stats', async (t) => {
    const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
    t.same(engine.abilities, options.abilities)
    await engine.ping()
    t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
    const a = await phone(t, [pcma])
    const session = await engine.open(newId(), a.offer())
    await session.offerForB()
    t.equal(engine.stats().sessions, 1)
    t.ok(engine.stats().portsInUse > 0)
    await session.close()
    t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
    await empty(t, load)
    await engine.close()
    await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable' }, 'not after the end')
    await t.rejects(engine.ping(), { code: 'media_unavailable' })
  })
  t.test('talk', (t) => talk(t, makeEngine))
  t.test('an intruder', (t) => intruder(t, makeEngine, options.learnedMs ?? 0))
  if (options.prefersDescribed === true) t.test('a phone behind NAT', (t) => behindNat(t, makeEngine))
  t.test('descriptions', (t) => descriptions(t, makeEngine))
  t.test('changes in mid-call', (t) => changes(t, makeEngine))
  t.test('the first offer is ours', (t) => offerFirst(t, makeEngine, { voice: options.abilities.voice }))
  t.test('bad input', (t) => badInput(t, makeEngine))
  t.test('silence', (t) => silence(t, makeEngine))
  t.test('prompts', (t) => prompts(t, makeEngine))
  t.test(options.abilities.voice ? 'voice' : 'no voice', (t) => options.abilities.voice ? voice(t, makeEngine) : noVoice(t, makeEngine))
  t.test('nothing stays behind', (t) => leaks(t, makeEngine, options.hangUps))
}

async function talk(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  const hearEachOther = async (t: Test, a: Phone, b: Phone): Promise<void> => {
    a.speak(toneA)
    b.speak(toneB)
    const [atB, atA] = await Promise.all([b.hears(toneA), a.hears(toneB)])
    t.ok(atB, 'B hears A')
    t.ok(atA, 'A hears B')
  }
  await t.test('one law', async (t) => {
    const call = await connected(t, engine, [pcma, events(101)], [pcma, events(101)])
    await hearEachOther(t, call.a, call.b)
    ownSources(t, call.a, call.b)
    await call.a.press('5')
    t.equal(await call.b.hearsDigit('5'), call.offeredToB.codecs.find(({ name }) => name === 'telephone-event')?.payloadType, 'a digit comes through')
    await call.session.close()
  })
  await t.test('one law on each side, and another number for digits', async (t) => {
    const call = await connected(t, engine, [pcmu, events(96)], [pcma, events(101)])
    await hearEachOther(t, call.a, call.b)
    ownSources(t, call.a, call.b)
    await Promise.all([call.a.press('7'), call.b.press('#')])
    t.equal(await call.a.hearsDigit('#'), 96, 'under the number that A knows')
    t.equal(await call.b.hearsDigit('7'), call.offeredToB.codecs.find(({ name }) => name === 'telephone-event')?.payloadType)
    ownSources(t, call.a, call.b)
    await call.session.close()
  })
  await t.test('opus as it is', async (t) => {
    const call = await connected(t, engine, [opus(98), pcma], [opus(111), pcma])
    const numberAt = { a: call.answeredToA.codecs[0]!, b: call.offeredToB.codecs.find(({ name }) => name === 'opus')! }
    t.equal(numberAt.a.name, 'opus')
    t.equal(numberAt.a.payloadType, 98)
    // A frame of 20 ms of silence, SILK narrowband (RFC 6716 §3.1).
    const frame = Buffer.from([0x08, 0xb0, 0x81, 0x80])
    const received = await waitFor(() => {
      call.a.send(98, frame, 960)
      call.b.send(numberAt.b.payloadType, frame, 960)
      return call.a.received.length > 3 && call.b.received.length > 3
    })
    t.ok(received, 'both ways')
    t.same([...new Set(call.a.received.map(({ packet }) => packet.payloadType))], [98])
    t.same([...new Set(call.b.received.map(({ packet }) => packet.payloadType))], [numberAt.b.payloadType])
    await call.session.close()
  })
  await t.test('an answer without digits', async (t) => {
    const call = await connected(t, engine, [pcma, events(101)], [pcma])
    await hearEachOther(t, call.a, call.b)
    await call.session.close()
  })
  await empty(t, load)
}

/** Nothing of one phone's RTP headers reaches the other (RFC 3550 §5.1, §5.3.1). */
export function ownSources(t: Test, a: Phone, b: Phone): void {
  for (const [hearer, speaker] of [[a, b], [b, a]] as const) {
    t.notOk(hearer.received.some(({ packet }) => packet.ssrc === speaker.ssrc), 'another source')
    t.notOk(hearer.received.some(({ data }) => data.includes('CANARY')), 'no header extension')
  }
}

async function descriptions(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  const call = await connected(t, engine, [pcma, opus(98), events(100)], [pcma, events(101)], { talkative: true })
  const changed = await call.session.renegotiate('a', call.a.offer({ talkative: true, direction: 'sendonly' }))
  const given = [call.offerForB, call.answerForA, changed]
  for (const text of given) {
    for (const canary of canaries) t.notMatch(text, canary, 'nothing of a phone comes out')
    t.match(text, /^v=0\r\no=- \d+ \d+ IN IP4 [\d.]+\r\ns=-\r\n/)
    for (const line of text.trimEnd().split('\r\n')) t.match(line, /^(?:[vost]=|c=IN IP4 [\d.]+$|m=audio \d+ RTP\/AVP [\d ]+$|a=(?:rtpmap|fmtp|ptime):|a=(?:sendrecv|recvonly)$)/)
    t.not(readSdp(text).rtpPort, call.a.port, 'no phone learns where the other is')
    t.not(readSdp(text).rtpPort, call.b.port)
  }
  t.not(originOf(call.offerForB)[0], originOf(call.answerForA)[0], 'two sides, two sessions')
  t.same(originOf(changed), [originOf(call.answerForA)[0]!, originOf(call.answerForA)[1]! + 1n], 'RFC 3264 §8: a change counts the version up by one')
  t.equal(call.session.localDescription('a'), changed)
  t.equal(call.session.localDescription('b'), call.offerForB)
  t.equal(await call.session.offerForB(), call.offerForB)
  // RFC 3550 §6.5: a source description names a person.
  call.a.rtcp.length = call.b.rtcp.length = 0
  const report = senderReport('canary@192.0.2.77')
  call.a.speak(toneA)
  call.b.speak(toneB)
  await t.resolveMatch(call.b.hears(toneA), true)
  for (let n = 0; n < 20; n++) {
    call.a.sendRtcp(report)
    call.b.sendRtcp(report)
    await sleep(10)
  }
  await sleep(200)
  for (const data of [...call.a.rtcp, ...call.b.rtcp]) for (const canary of canaries) t.notOk(data.includes(canary), 'nor in RTCP')
  await call.session.close()
  await empty(t, load)
}

async function changes(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  const call = await connected(t, engine, [pcma, events(101)], [pcma, events(101)])
  const { a, b, session } = call
  a.speak(toneA)
  b.speak(toneB)
  t.ok(await a.hears(toneB))
  for (const side of ['a', 'b'] as const) {
    const [own, other] = side === 'a' ? [a, b] : [b, a]
    const tone = side === 'a' ? toneB : toneA
    await t.test(`${side} holds`, async (t) => {
      const answer = await session.renegotiate(side, own.offer({ direction: 'sendonly' }))
      t.equal(readSdp(answer).direction, 'recvonly')
      t.equal(readSdp(answer).rtpPort, side === 'a' ? call.answeredToA.rtpPort : call.offeredToB.rtpPort, 'the port stays')
      t.equal(await own.countFor(300), 0, 'it hears nothing')
      await session.renegotiate(side, own.offer())
      t.ok(await own.hears(tone), 'and hears again')
      t.ok(await other.hears(tone === toneA ? toneB : toneA), 'and so does the other')
    })
    await t.test(`${side} holds as in RFC 2543`, async (t) => {
      t.match(readSdp(await session.renegotiate(side, own.offer({ zeroAddress: true }))).direction, 'recvonly')
      t.equal(await own.countFor(300), 0)
      await session.renegotiate(side, own.offer({ direction: 'inactive' }))
      t.equal(await other.countFor(300), 0, 'nobody hears anything')
      await session.renegotiate(side, own.offer())
      t.ok(await own.hears(tone))
    })
  }
  const moved = await phone(t, [pcma, events(101)])
  await t.test('a phone moves', async (t) => {
    a.hush()
    moved.take(await session.renegotiate('a', moved.offer()))
    moved.speak(900)
    t.ok(await moved.hears(toneB))
    t.ok(await b.hears(900))
  })
  await t.test('an offer that cannot be served changes nothing', async (t) => {
    await t.rejects(session.renegotiate('b', broken['only unknown codecs']!(b.offer())), { code: 'media_rejected' })
    await t.rejects(session.renegotiate('b', 'v=0'), { code: 'media_rejected' })
    t.ok(await b.hears(900))
  })
  await session.close()
  await empty(t, load)
}

const broken: Readonly<Record<string, (good: string) => string>> = {
  'nothing': () => '',
  'no SDP': () => 'hello',
  'cut off': (good) => good.slice(0, 40),
  'no audio': (good) => good.replace('m=audio', 'm=video'),
  'port 0': (good) => good.replace(/m=audio \d+/, 'm=audio 0'),
  'only unknown codecs': (good) => good.replace(/RTP\/AVP .*/, 'RTP/AVP 18').replace(/a=rtpmap.*\r\n/g, ''),
  'only secure': (good) => good.replace('RTP/AVP', 'RTP/SAVP'),
  'IPv6': (good) => good.replace('c=IN IP4 127.0.0.1', 'c=IN IP6 ::1'),
  'a group': (good) => good.replace('c=IN IP4 127.0.0.1', 'c=IN IP4 239.1.1.1'),
  'a name': (good) => good.replace('c=IN IP4 127.0.0.1', 'c=IN IP4 canary.example')
}

async function badInput(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  const a = await phone(t, [pcma])
  const b = await phone(t, [pcma])
  for (const [name, make] of Object.entries(broken)) {
    await t.rejects(engine.open(newId(), make(a.offer())), { code: 'media_rejected' }, `offer: ${name}`)
    const session = await engine.open(newId(), a.offer())
    await session.offerForB()
    await t.rejects(session.connect(make(b.offer())), { code: 'media_rejected' }, `answer: ${name}`)
    await session.close()
  }
  await t.test('video beside audio is refused in its place', async (t) => {
    const session = await engine.open(newId(), `${a.offer()}m=video 40000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n`)
    const answer = await session.connect(b.answer(await session.offerForB()))
    t.match(answer, /^m=audio [1-9]\d+ .*\r\n[^]*^m=video 0 /m)
    await session.close()
  })
  await empty(t, load)
}

async function silence(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine } = await makeEngine(t, { silenceTimeoutMs: 700 })
  const call = await connected(t, engine, [pcma], [pcma])
  let silent = false
  void call.session.silent.then(() => { silent = true })
  call.a.speak(toneA)
  await sleep(2000)
  t.notOk(silent, 'one who speaks is enough')
  await call.session.renegotiate('a', call.a.offer({ direction: 'inactive' }))
  await call.session.renegotiate('b', call.b.offer({ direction: 'inactive' }))
  call.a.hush()
  await sleep(1500)
  t.notOk(silent, 'on hold from both ends nobody owes a packet')
  await call.session.renegotiate('a', call.a.offer())
  t.ok(await waitFor(() => silent), 'nobody speaks')
  await call.session.close()
}

async function voice(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  await Promise.all(([['over', pcma], ['unavailable', pcmu]] as const).map(async ([prompt, law]) => {
    const a = await phone(t, [law, events(101)])
    const session = await engine.open(newId(), a.offer({ talkative: true }))
    const answer = await session.answerAlone()
    for (const canary of canaries) t.notMatch(answer, canary)
    a.take(answer)
    // A phone sends, even to somebody who only speaks.
    a.speak(toneA)
    await session.play('a', prompt).done
    await sleep(300)
    const sound = a.sound()
    t.ok(likeness(sound, `${soundsFolder}en/${prompt}.wav`) > 0.9, `${prompt} is recognised`)
    t.ok(likeness(sound, `${soundsFolder}en/${prompt === 'over' ? 'unavailable' : 'over'}.wav`) < 0.7, 'and is not the other one')
    await session.close()
  }))
  await t.test('stop', async (t) => {
    const a = await phone(t, [pcma])
    const session = await engine.open(newId(), a.offer())
    a.take(await session.answerAlone())
    const playback = session.play('a', 'ringback', { loop: true })
    t.ok(await a.hears(425))
    playback.stop()
    await playback.done
    playback.stop()
    t.ok(await waitFor(async () => { a.forget(); await sleep(200); return !a.sound().some((sample) => Math.abs(sample) > 100) }), 'silence')
    const last = session.play('a', 'over')
    await session.close()
    await last.done
    await session.play('a', 'over').done
  })
  await t.test('early ringing, then talk', async (t) => {
    const [a, b] = await Promise.all([phone(t, [pcma, events(101)]), phone(t, [pcma, events(101)])])
    const session = await engine.open(newId(), a.offer())
    const offer = await session.offerForB()
    const early = await session.answerEarly()
    if (early !== undefined) {
      a.take(early)
      const ringing = session.play('a', 'ringback', { loop: true })
      t.ok(await a.hears(425), 'A hears ringing')
      ringing.stop()
    }
    const answer = await session.connect(b.answer(offer))
    if (early !== undefined) t.equal(answer, early, 'an answer that was given stays')
    a.take(answer)
    a.speak(toneA)
    b.speak(toneB)
    t.ok(await b.hears(toneA))
    t.ok(await a.hears(toneB))
    await session.close()
  })
  await t.test('keys, and sides held apart', async (t) => {
    const keys: string[] = []
    const [a, b] = await Promise.all([phone(t, [pcma, events(96)]), phone(t, [pcma, events(101)])])
    const session = await engine.open(newId(), a.offer(), { voice: true })
    const offer = await session.offerForB()
    const control = session.voice!
    control.allowTalk(false)
    const stop = control.onDigit('a', (digit) => keys.push(`a ${digit}`))
    control.onDigit('b', (digit) => keys.push(`b ${digit}`))
    a.take(await session.connect(b.answer(offer)))
    a.speak(toneA)
    b.speak(toneB)
    const asking = session.play('b', 'ringback', { loop: true })
    t.ok(await b.hears(425), 'B hears us')
    await b.press('1')
    t.ok(await waitFor(() => keys.join() === 'b 1'), 'and we hear B')
    asking.stop()
    t.notOk(hearsTone(toneB, a.sound()), 'A hears nothing of B yet')
    a.forget()
    control.allowTalk(true)
    t.ok(await a.hears(toneB), 'now they talk')
    t.ok(await b.hears(toneA))
    await a.press('*')
    t.ok(await waitFor(() => keys.join() === 'b 1,a *'), 'keys are heard in a talk as well')
    stop()
    control.allowTalk(false)
    t.ok(await waitFor(async () => { b.forget(); await sleep(300); return !hearsTone(toneA, b.sound()) }), 'apart again')
    control.allowTalk(true)
    t.ok(await b.hears(toneA))
    await a.press('2')
    await b.press('3')
    t.ok(await waitFor(() => keys.length > 2))
    t.same(keys.slice(2), ['b 3'], 'who was let go is not called')
    await session.close()
  })
  await empty(t, load)
}

/** What is said to people who are talking. */
async function prompts(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  await t.test('a prompt into a talk', async (t) => {
    const call = await connected(t, engine, [pcma], [pcmu], {}, { voice: engine.abilities.voice })
    call.b.speak(toneB)
    call.a.speak(toneA)
    t.ok(await call.a.hears(toneB))
    const playback = call.session.play('a', 'ringback', { loop: true })
    t.ok(await call.a.hears(425))
    playback.stop()
    t.ok(await call.a.hears(toneB), 'then the talk goes on')
    t.ok(await call.b.hears(toneA))
    await call.session.close()
  })
  await t.test('the warning before the end', async (t) => {
    const { a, b, session } = await connected(t, engine, [pcma, events(101)], [pcmu, events(101)])
    await Promise.all((['a', 'b'] as const).map(async (side) => {
      const own = side === 'a' ? a : b
      own.speak(side === 'a' ? toneA : toneB)
      t.ok(await own.hears(side === 'a' ? toneB : toneA))
    }))
    a.forget()
    b.forget()
    await Promise.all((['a', 'b'] as const).map((side) => session.play(side, 'one-minute', { language: 'et' }).done))
    for (const own of [a, b]) t.ok(likeness(own.sound(), `${soundsFolder}et/one-minute.wav`) > 0.8, 'is recognised')
    t.ok(await a.hears(toneB), 'and they talk on')
    t.ok(await b.hears(toneA))
    await session.close()
  })
  await t.test('prompts for nobody', async (t) => {
    const { a, session } = await connected(t, engine, [pcma], [pcma])
    a.speak(toneA)
    await session.renegotiate('a', a.offer({ direction: 'sendonly' }))
    await session.play('a', 'one-minute').done
    t.pass('on hold')
    await session.play('b', 'no-such-prompt' as 'over').done
    t.pass('without a sound')
    const playing = session.play('b', 'ringback', { loop: true })
    const next = session.play('b', 'one-minute')
    await playing.done
    await session.close()
    await next.done
    t.pass('at the end')
  })
  await empty(t, load)
}

async function noVoice(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine } = await makeEngine(t, { silenceTimeoutMs: long })
  const a = await phone(t, [pcma])
  const session = await engine.open(newId(), a.offer())
  await t.rejects(session.answerAlone(), { code: 'media_unavailable' })
  t.equal(await session.answerEarly(), undefined)
  const playback = session.play('a', 'over')
  await playback.done
  playback.stop()
  await session.close()
}

/** A sender report with a CNAME (RFC 3550 §6.4.1, §6.5). */
function senderReport(cname: string): Buffer {
  const report = Buffer.alloc(28)
  report.set([0x80, 200, 0, 6])
  report.writeUInt32BE(0x1234, 4)
  const length = 4 * Math.ceil((8 + 2 + cname.length + 1) / 4)
  const description = Buffer.alloc(length)
  description.set([0x81, 202, 0, length / 4 - 1])
  description.writeUInt32BE(0x1234, 4)
  description.set([1, cname.length], 8)
  description.write(cname, 10, 'latin1')
  return Buffer.concat([report, description])
}

/** Session id and version. */
function originOf(sdp: string): bigint[] {
  return [...(/^o=- (\d+) (\d+)/m.exec(sdp) ?? [])].slice(1).map(BigInt)
}
