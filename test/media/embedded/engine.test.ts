import t, { type Test } from 'tap'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createEmbeddedMedia } from '../../../src/media/embedded/engine.js'
import { encodeG711 } from '../../../src/media/rtp/g711.js'
import { sine } from '../../../src/media/rtp/tone.js'
import type { MediaEngine, MediaSession } from '../../../src/media/types.js'
import { createLog } from '../../../src/telemetry/log.js'
import { Peer, portOf, settle, testEngine } from '../../support/media-peer.js'

const voice = encodeG711('PCMA', sine(440, 20))
const version = (sdp: string): number => Number(/^o=- \d+ (\d+) /m.exec(sdp)?.[1])
function engineFor(t: Test, from: number, to?: number, silenceMs?: number): MediaEngine {
  const engine = testEngine(from, to, silenceMs)
  t.teardown(() => engine.close())
  return engine
}
async function peers(t: Test): Promise<[Peer, Peer]> {
  const both: [Peer, Peer] = [await Peer.open(), await Peer.open()]
  t.teardown(async () => Promise.all(both.map((peer) => peer.close())))
  return both
}

t.test('200 sessions open at once and every port comes back', async (t) => {
  const engine = engineFor(t, 32000, 32899)
  const [a, b] = await peers(t)
  const sessions = await Promise.all(Array.from({ length: 200 }, () => engine.open('call', a.sdp())))
  t.same(engine.stats(), { sessions: 200, portsInUse: 800 })
  const ports = new Set<number>()
  for (const session of sessions) {
    ports.add(portOf(await session.offerForB()))
    ports.add(portOf(await session.connect(b.sdp())))
    session.play('a', 'ringback', { loop: true })
  }
  t.equal(ports.size, 400)
  t.ok([...ports].every((port) => port % 2 === 0))
  await Promise.all(sessions.flatMap((session) => [session.close(), session.close()]))
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
})

t.test('when the ports run out the next call is refused, and served once one came back', async (t) => {
  const engine = engineFor(t, 32900, 32907)
  const [a] = await peers(t)
  const first = await engine.open('call', a.sdp())
  const second = await engine.open('call', a.sdp())
  await t.rejects(engine.open('call', a.sdp()), { code: 'media_unavailable', reason: 'ports' })
  t.same(engine.stats(), { sessions: 2, portsInUse: 8 })
  await first.close()
  await (await engine.open('call', a.sdp())).close()
  await second.close()
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
})

t.test('ports that another program holds are passed over', async (t) => {
  const squatters = [32911, 32914].map((port) => createSocket('udp4').bind(port, '127.0.0.1'))
  await Promise.all(squatters.map((socket) => once(socket, 'listening')))
  t.teardown(() => squatters.forEach((socket) => socket.close()))
  const engine = engineFor(t, 32910, 32917)
  const [a] = await peers(t)
  const session = await engine.open('call', a.sdp())
  const used = [portOf(await session.offerForB()), portOf(await session.answerAlone())]
  t.same(used.sort(), [32912, 32916])
  await t.rejects(engine.open('call', a.sdp()), { code: 'media_unavailable' })
  await session.close()
  t.equal(engine.stats().portsInUse, 0)
})

t.test('an offer that cannot be served takes no port', async (t) => {
  const engine = engineFor(t, 32920)
  const [a] = await peers(t)
  await t.rejects(engine.open('call', 'no description'), { code: 'media_rejected', sipStatus: 488 })
  await t.rejects(engine.open('call', a.sdp('18')), { code: 'media_rejected' })
  await t.rejects(engine.open('call', a.sdp().replace('RTP/AVP', 'RTP/SAVP')), { code: 'media_rejected' })
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
})

t.test('the answer in the 200 is the one that went out early', async (t) => {
  const engine = engineFor(t, 33120)
  const [a, b] = await peers(t)
  const session = await engine.open('call', a.sdp('0 8'))
  const early = await session.answerEarly()
  t.match(await session.offerForB(), /RTP\/AVP 0 8\r\n/)
  t.equal(await session.connect(b.sdp('8')), early)
  t.equal(session.localDescription('a'), early)
  t.match(session.localDescription('b'), /^v=0\r\no=- \d+ 1 /)
})

t.test('an answer of B that fits nothing is refused and harms nothing', async (t) => {
  const engine = engineFor(t, 33320)
  const [a, b] = await peers(t)
  const session = await engine.open('call', a.sdp('0'))
  await t.rejects(session.connect(b.sdp('0')), { code: 'internal' }, 'nothing was offered yet')
  t.throws(() => session.localDescription('a'), { code: 'internal' })
  await session.offerForB()
  await t.rejects(session.connect(b.sdp('18')), { code: 'media_rejected' })
  await t.rejects(session.connect('rubbish'), { code: 'media_rejected' })
  t.match(await session.connect(b.sdp('0')), /RTP\/AVP 0\r\n/)
})

t.test('hold and resume are answered in the mirror, and nobody is sent what it does not want', async (t) => {
  const engine = engineFor(t, 33520)
  const [a, b] = await peers(t)
  const session = await engine.open('call', a.sdp())
  const toB = await session.offerForB()
  const toA = await session.connect(b.sdp())
  const offers = async (direction: string, address?: string): Promise<string> => session.renegotiate('a', a.sdp('8 101', ['rtpmap:101 telephone-event/8000', direction], address))
  const held = await offers('sendonly')
  t.match(held, /a=recvonly\r\n/)
  t.equal(version(held), version(toA) + 1)
  t.equal(version(await offers('sendonly')), version(held), 'the version stays while nothing changes')
  b.send(toB, 8, voice)
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 1)
  await settle()
  t.equal(a.rtp.length, 0, 'A does not listen, B hears what A sends')
  t.match(await offers('inactive'), /a=inactive\r\n/)
  a.send(toA, 8, voice)
  b.send(toB, 8, voice)
  await settle()
  t.same([a.rtp.length, b.rtp.length], [0, 1], 'nobody hears anything')
  t.match(await offers('sendrecv', '0.0.0.0'), /a=recvonly\r\n/, 'an address of zeros is a hold too')
  b.send(toB, 8, voice)
  await settle()
  t.equal(a.rtp.length, 0)
  t.match(await offers('recvonly'), /a=sendonly\r\n/)
  b.send(toB, 8, voice)
  await a.until(() => a.rtp.length === 1)
  t.match(await offers('sendrecv'), /a=sendrecv\r\n/)
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 2)
  t.equal((b.heard[1]!.sequence - b.heard[0]!.sequence) & 0xffff, 1, 'the hold leaves no gap in numbers')
})

t.test('a new offer may change codec and place, and a bad one changes nothing', async (t) => {
  const engine = engineFor(t, 33720)
  const [a, b] = await peers(t)
  const session = await engine.open('call', a.sdp('8'))
  const toB = await session.offerForB()
  await session.connect(b.sdp('8'))
  const before = session.localDescription('b')
  await t.rejects(session.renegotiate('b', b.sdp('18')), { code: 'media_rejected' })
  await t.rejects(session.renegotiate('b', b.sdp('96', ['rtpmap:96 opus/48000/2'])), { code: 'media_rejected' }, 'opus fits nothing that A has')
  t.equal(session.localDescription('b'), before)
  const answer = await session.renegotiate('b', b.sdp('0'))
  t.match(answer, /RTP\/AVP 0\r\n/)
  t.equal(version(answer), 2)
  t.equal(portOf(answer), portOf(toB), 'on the port we had')
  b.send(toB, 0, encodeG711('PCMU', sine(440, 20)))
  await a.until(() => a.rtp.length === 1)
  t.equal(a.heard[0]!.payloadType, 8)
})

t.test('silence from both is told, once it has lasted', async (t) => {
  const engine = engineFor(t, 33920, 33999, 400)
  const [a, b] = await peers(t)
  const open = async (): Promise<[MediaSession, string]> => {
    const session = await engine.open('call', a.sdp('8'))
    await session.offerForB()
    return [session, await session.connect(b.sdp('8'))]
  }
  const [quiet] = await open()
  const [held] = await open()
  const [talked, toA] = await open()
  const early = await engine.open('call', a.sdp('8'))
  await early.answerEarly()
  await held.renegotiate('a', a.sdp('8', ['inactive']))
  await held.renegotiate('b', b.sdp('8', ['inactive']))
  const told = new Set<string>()
  for (const [name, session] of Object.entries({ quiet, held, talked, early })) void session.silent.then(() => told.add(name))
  const talk = setInterval(() => a.send(toA, 8, voice), 50)
  t.teardown(() => clearInterval(talk))
  await quiet.silent
  await settle(300)
  t.same([...told], ['quiet'], 'not where one talks, nor on a hold from both, nor before anybody answered')
  clearInterval(talk)
  await talked.silent
  t.ok(told.has('talked'))
  await Promise.all([quiet, held, talked, early].map((session) => session.close()))
  await settle(300)
  t.notOk(told.has('held'), 'closing is not silence')
})

t.test('a closed engine says so, and closing ends its sessions', async (t) => {
  const engine = testEngine(34000)
  const [a] = await peers(t)
  await engine.ping()
  const session = await engine.open('call', a.sdp())
  const opening = engine.open('call', a.sdp())
  await Promise.all([engine.close(), opening])
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
  await t.rejects(engine.ping(), { code: 'media_unavailable' })
  await t.rejects(engine.open('call', a.sdp()), { code: 'media_unavailable' })
  await t.rejects(session.answerAlone(), { code: 'media_unavailable' })
})

t.test('a place that cannot be bound, a host that is none: clear errors', async (t) => {
  const [a] = await peers(t)
  const options = { ports: { from: 34200, to: 34299 }, log: createLog('silent'), silenceTimeoutMs: 1000 }
  const engine = createEmbeddedMedia({ ...options, host: '192.0.2.1' })
  await t.rejects(engine.open('call', a.sdp()), { code: 'media_unavailable', reason: 'bind' })
  t.equal(engine.stats().portsInUse, 0)
  for (const host of ['phone.example', '0.0.0.0', '::']) t.throws(() => createEmbeddedMedia({ ...options, host }), { code: 'config_invalid' })
})

t.test('IPv6 works end to end where the machine has it', async (t) => {
  const engine = createEmbeddedMedia({ host: '::1', ports: { from: 34300, to: 34399 }, log: createLog('silent'), silenceTimeoutMs: 60000 })
  t.teardown(() => engine.close())
  const sdp = (port: number): string => `v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 0:0:0:0:0:0:0:1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\n`
  const sockets = [createSocket('udp6').bind(0, '::1'), createSocket('udp6').bind(0, '::1')] as const
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'listening')))
  } catch {
    t.comment('no IPv6 here')
    return
  }
  t.teardown(() => sockets.forEach((socket) => socket.close()))
  const session = await engine.open('call', sdp(sockets[0].address().port))
  await session.offerForB()
  const toA = await session.connect(sdp(sockets[1].address().port))
  t.match(toA, /c=IN IP6 ::1\r\n/)
  const arrived = once(sockets[1], 'message')
  sockets[0].send(Buffer.concat([Buffer.from('80080001000000010a0b0c0d', 'hex'), voice]), portOf(toA), '::1')
  const [data] = await arrived as [Buffer]
  t.ok(data.subarray(12).equals(voice))
})
