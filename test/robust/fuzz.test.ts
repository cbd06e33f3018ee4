import { createSocket, type Socket } from 'node:dgram'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { FrameError, FrameReader } from '../../src/embedded/sip/drachtio/framing.js'
import { parseMessage, SipParseError } from '../../src/embedded/sip/message/index.js'
import { MaskError } from '../../src/errors.js'
import { decode } from '../../src/media/rtpengine/bencode.js'
import { parseRtcp } from '../../src/media/rtp/rtcp.js'
import { parseRtp } from '../../src/media/rtp/packet.js'
import { parseTelephoneEvent } from '../../src/media/rtp/telephone-event.js'
import { readSdp } from '../../src/media/sdp.js'
import { callerIdentity } from '../../src/phone/identity.js'
import { authorize } from '../../src/sip/digest.js'
import { courierNumber, customerNumber, freshLine, stage } from '../e2e/stage.js'
import { rtcpWithNames, rtpWithExtras } from '../privacy/packets.js'
import { examples } from './examples.js'
import { mutate, random } from './mutate.js'
import { ipv6Cases } from './rfc5118.js'

/** More with MASKLINE_FUZZ_CASES; the same with MASKLINE_FUZZ_SEED, which every run prints. */
const cases = Number(process.env.MASKLINE_FUZZ_CASES ?? 100_000)
const seed = Number(process.env.MASKLINE_FUZZ_SEED ?? Date.now() % 1_000_000)

const folder = new URL('rfc4475/', import.meta.url)
const messages = [
  ...readdirSync(folder).filter((name) => name.endsWith('.dat')).map((name) => readFileSync(new URL(name, folder))),
  ...examples.map(({ text }) => Buffer.from(text)), ...ipv6Cases.map(({ text }) => Buffer.from(text))
]
const descriptions = [
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n',
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 111 8\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtcp-mux\r\nm=video 0 RTP/AVP 107\r\n'
].map((text) => Buffer.from(text))
const events = [Buffer.from([5, 0x0a, 0, 160]), Buffer.from([11, 0x8a, 3, 32])]
const rtp = [rtpWithExtras(0, 'extension', 'padding'), rtpWithExtras(5, 'x'.repeat(40), 'y')]
const rtcp = [rtcpWithNames((item) => item)]
const frames = ['15#auth|a|b|secret!', '34#abcdef|msg|uac|INVITE|route|invite\r\n', '12#a|ping|longer'].map((text) => Buffer.from(text))
const bencoded = ['d6:result2:ok3:sdp10:v=0\r\no=- 1e', 'd4:listl1:a1:bi3ee6:result5:errore'].map((text) => Buffer.from(text))
const identities = ['"Mari" <sip:+46701740605@a.example>;tag=1', '<tel:070-174-06-05;phone-context=+46>, <sip:+46701740605@b>', 'sip:anonymous@anonymous.invalid', 'Digest realm="x", nonce="y", qop="auth", algorithm=MD5'].map((text) => Buffer.from(text))

interface Target {
  readonly name: string
  readonly seeds: readonly Buffer[]
  /** Throws only what it may. */
  readonly read: (bytes: Buffer) => unknown
  readonly may: (error: unknown) => boolean
}

const never = (): boolean => false
const targets: readonly Target[] = [
  { name: 'SIP', seeds: messages, read: parseMessage, may: (error) => error instanceof SipParseError },
  { name: 'SDP', seeds: descriptions, read: (bytes) => readSdp(bytes.toString('utf8')), may: (error) => error instanceof MaskError && error.code === 'media_rejected' },
  { name: 'RTP', seeds: rtp, read: parseRtp, may: never },
  { name: 'RTCP', seeds: rtcp, read: parseRtcp, may: never },
  { name: 'telephone events', seeds: events, read: parseTelephoneEvent, may: never },
  { name: 'drachtio frames', seeds: frames, read: (bytes) => new FrameReader().push(bytes), may: (error) => error instanceof FrameError },
  { name: 'rtpengine answers', seeds: bencoded, read: decode, may: (error) => error instanceof RangeError },
  { name: 'identities', seeds: identities, read: (bytes) => callerIdentity({ pai: [bytes.toString('utf8')], from: bytes.toString('latin1'), privacy: [bytes.toString('utf8')] }, { identity: ['pai', 'from'], country: 'EE' }), may: never },
  { name: 'challenges', seeds: identities, read: (bytes) => authorize(bytes.toString('utf8'), { realm: 'x', username: 'u', password: 'p' }, { method: 'INVITE', uri: 'sip:x' }), may: never }
]

t.test('whatever arrives is read or refused, in short time', async (t) => {
  const next = random(seed)
  const each = Math.ceil(cases * 0.95 / targets.length)
  for (const { name, seeds, read, may } of targets) {
    let refused = 0
    let slowest = 0
    for (let count = 0; count < each; count++) {
      const bytes = mutate(seeds[Math.floor(next() * seeds.length)]!, seeds, next)
      const before = performance.now()
      try {
        read(bytes)
      } catch (error) {
        refused++
        if (!may(error)) t.fail(`${name}: ${String(error)}`, { case: bytes.toString('base64'), seed })
      }
      slowest = Math.max(slowest, performance.now() - before)
    }
    t.pass(`${name}: ${each} cases, ${refused} refused, the slowest took ${slowest.toFixed(1)} ms`)
  }
})

t.test('on the wire, beside a call that goes on; memory and descriptors come back, and the log shows no number', async (t) => {
  const play = await stage(t)
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  const descriptors = openDescriptors()
  const count = Math.ceil(cases * 0.05)
  await storm(t, count, [play.sipPort, ...mediaPorts(call.messages.map(({ data }) => data.toString('latin1')).join())], play.embedded.sip?.adminUrl)

  call.say(440)
  ringing.say(880)
  t.ok(await ringing.hears(440), 'the callee hears the caller')
  t.ok(await call.hears(880), 'the caller hears the callee')
  await call.hangUp()
  await ringing.ended()
  await play.endedCalls(line.id, 1)
  await play.idle()
  t.ok(openDescriptors() <= descriptors, 'no descriptor is left open')
  for (const number of [courierNumber, customerNumber]) t.notOk(play.logged().includes(number.slice(4)), 'no number in the log')
  t.equal((await play.api('GET', '/readyz')).status, 200)
  t.comment(`${count} cases on the wire`)
})

t.comment(`seed ${seed}, ${cases} cases`)

/** Sends broken messages and packets to every port that listens. */
async function storm(t: Test, count: number, ports: readonly number[], admin: string | undefined): Promise<void> {
  const next = random(seed + 1)
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.teardown(() => { socket.close() })
  const seeds = [...messages, ...rtp, ...rtcp]
  for (let sent = 0; sent < count; sent++) {
    await send(socket, mutate(seeds[Math.floor(next() * seeds.length)]!, seeds, next), ports[sent % ports.length]!)
    // Loopback loses what nobody has time to read.
    if (sent % 20 === 0) await sleep(1)
    if (sent % 100 === 0 && admin !== undefined) await poke(Number(new URL(admin).port), mutate(frames[0]!, frames, next))
  }
}

const send = (socket: Socket, bytes: Buffer, port: number): Promise<void> => new Promise((resolve) => { socket.send(bytes, port, '127.0.0.1', () => resolve()) })

/** A stranger at the port that is for the application. */
async function poke(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve) => {
    socket.once('error', () => resolve()).once('close', () => resolve())
    socket.once('connect', () => { socket.end(bytes) })
    setTimeout(() => { socket.destroy() }, 50)
  })
}

/** Ports of our own that this call's descriptions name. */
function mediaPorts(text: string): number[] {
  const ports = [...text.matchAll(/m=audio (\d+)/g)].map(([, port]) => Number(port))
  return [...new Set(ports.flatMap((port) => [port, port + 1]))]
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
