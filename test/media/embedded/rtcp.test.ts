import t, { type Test } from 'tap'
import fc from 'fast-check'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { encodeG711 } from '../../../src/media/rtp/g711.js'
import { buildRtcp, parseRtcp, type ReportBlock } from '../../../src/media/rtp/rtcp.js'
import { sine } from '../../../src/media/rtp/tone.js'
import { Peer, portOf, settle, testEngine } from '../../support/media-peer.js'

const voice = encodeG711('PCMA', sine(440, 20))
const engine = testEngine(31200)
t.teardown(() => engine.close())
const block = (ssrc: number, change: Partial<ReportBlock> = {}): ReportBlock => ({ ssrc, fractionLost: 3, cumulativeLost: 4, highestSequence: 5, jitter: 6, lastSenderReport: 7, delay: 8, ...change })

async function talking(t: Test, attributes: readonly string[] = []): Promise<{ a: Peer, b: Peer, toA: string, toB: string }> {
  const [a, b] = [await Peer.open(), await Peer.open()]
  b.ssrc = 0x55667788
  const session = await engine.open('call', a.sdp('8', attributes))
  t.teardown(async () => Promise.all([session.close(), a.close(), b.close()]))
  const toB = await session.offerForB()
  const toA = await session.connect(b.sdp('8', []))
  a.send(toA, 8, voice)
  b.send(toB, 8, voice)
  await b.until(() => b.rtp.length === 1)
  await a.until(() => a.rtp.length === 1)
  return { a, b, toA, toB }
}

/** Items of SDES and packets of RTCP that carry a secret. */
const sdes = (ssrc: number, type: number, text: string): Buffer => packet(202, 1, Buffer.concat([word(ssrc), Buffer.from([type, text.length]), Buffer.from(text), Buffer.alloc(4 - (2 + text.length) % 4)]))
const packet = (type: number, count: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([0x80 | count, type, 0, body.length / 4]), body])
const word = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, '0'), 'hex')

t.test('a sender report goes on in our name', async (t) => {
  const { a, b, toA } = await talking(t)
  const ntp = 0xe0000000_12345678n
  a.sendRtcp(toA, buildRtcp({ ssrc: a.ssrc, sender: { ntp, timestamp: a.lastTimestamp, packets: 77, octets: 88 }, blocks: [] }, 'phone@home'))
  await b.until(() => b.rtcp.length === 1)
  const [report] = parseRtcp(b.rtcp[0]!.data)!
  t.equal(report!.ssrc, b.heard[0]!.ssrc, 'under the SSRC of our stream')
  t.equal(report!.sender!.timestamp, b.heard[0]!.timestamp, 'in the time of our stream')
  t.equal(report!.sender!.packets, 1, 'with our counts')
  t.equal(report!.sender!.octets, 160)
  t.not(report!.sender!.ntp, ntp, 'the clock of the phone is not shown')
})

t.test('what B reports on our stream, A reads as a report on its own', async (t) => {
  const { a, b, toA, toB } = await talking(t)
  a.sendRtcp(toA, buildRtcp({ ssrc: a.ssrc, sender: { ntp: 0xe0000000_12345678n, timestamp: a.lastTimestamp, packets: 1, octets: 160 }, blocks: [] }, 'x'))
  await b.until(() => b.rtcp.length === 1)
  const seen = parseRtcp(b.rtcp[0]!.data)![0]!.sender!.ntp
  const ours = b.heard[0]!
  const lastSenderReport = Number((seen >> 16n) & 0xffffffffn)
  b.sendRtcp(toB, buildRtcp({ ssrc: b.ssrc, blocks: [block(0xabc), block(ours.ssrc, { highestSequence: ours.sequence + 1, lastSenderReport })] }, 'y'))
  await a.until(() => a.rtcp.length === 1)
  const [report] = parseRtcp(a.rtcp[0]!.data)!
  t.equal(report!.ssrc, a.heard[0]!.ssrc)
  t.same(report!.blocks.length, 1, 'reports on other streams stay here')
  t.match(report!.blocks[0], { ssrc: a.ssrc, fractionLost: 3, cumulativeLost: 4, jitter: 6, delay: 8 })
  t.equal(report!.blocks[0]!.highestSequence & 0xffff, 65532, 'A sent 65531, B heard one more')
  t.equal(report!.blocks[0]!.lastSenderReport, 0x00001234, 'the round trip adds up in the clock of A')
})

t.test('names, reasons, applications and feedback end here', async (t) => {
  const { a, b, toA } = await talking(t)
  const secret = 'CANARY'
  const report = buildRtcp({ ssrc: a.ssrc, blocks: [] }, secret).subarray(0, 8)
  const compound = Buffer.concat([
    report,
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((type) => sdes(a.ssrc, type, secret)),
    packet(204, 0, Buffer.concat([word(a.ssrc), Buffer.from('CANARY!!')])),
    packet(206, 15, Buffer.concat([word(a.ssrc), Buffer.from('CANARY!!')])),
    packet(203, 1, Buffer.concat([word(a.ssrc), Buffer.from('\x07CANARY!')]))
  ])
  t.ok(parseRtcp(compound), 'it is well formed')
  a.sendRtcp(toA, compound)
  await b.until(() => b.rtcp.length === 1)
  await settle()
  t.equal(b.rtcp.length, 1)
  const { data } = b.rtcp[0]!
  t.notOk(data.includes('CANARY'))
  t.notOk(data.includes(word(a.ssrc)), 'nor the SSRC')
  t.same([data[1], data[9]], [201, 202], 'a report and our name are all')
  t.equal(data.length, 8 + 8 + 2 + 16 + 2, 'a CNAME of 96 bits in base64')
})

t.test('whatever the bytes, only reports of ours come out', async (t) => {
  const { a, b, toA } = await talking(t)
  const known = buildRtcp({ ssrc: a.ssrc, blocks: [block(a.heard[0]!.ssrc)] }, 'CANARY')
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.nat(40), (bytes, at) => {
    a.sendRtcp(toA, Buffer.from(bytes))
    const broken = Buffer.from(known)
    broken.set(bytes.subarray(0, 4), Math.min(at, broken.length - 4))
    a.sendRtcp(toA, broken)
  }), { numRuns: 100 })
  a.sendRtcp(toA, known)
  await b.until(() => b.rtcp.length > 0)
  await settle()
  t.ok(b.rtcp.every(({ data }) => !data.includes('CANARY') && data.readUInt32BE(4) === b.heard[0]!.ssrc))
})

t.test('RTCP of a stranger from another host is not heard, nor of a second port', async (t) => {
  const { a, b, toA } = await talking(t)
  const data = buildRtcp({ ssrc: a.ssrc, blocks: [] }, 'x')
  const elsewhere = createSocket('udp4').bind(0, '127.0.0.2')
  t.teardown(() => elsewhere.close())
  await once(elsewhere, 'listening')
  elsewhere.send(data, portOf(toA) + 1, '127.0.0.1')
  await settle()
  t.equal(b.rtcp.length, 0, 'not even first')
  a.sendRtcp(toA, data)
  await b.until(() => b.rtcp.length === 1)
  const stranger = await Peer.open()
  t.teardown(() => stranger.close())
  stranger.sendRtcp(toA, data)
  await settle()
  t.equal(b.rtcp.length, 1)
})

t.test('with rtcp-mux both share a port on that side only', async (t) => {
  const { a, b, toA, toB } = await talking(t, ['rtcp-mux'])
  t.match(toA, /a=rtcp-mux\r\n/)
  t.notMatch(toB, /rtcp-mux/)
  a.sendRaw(toA, buildRtcp({ ssrc: a.ssrc, blocks: [] }, 'x'))
  await b.until(() => b.rtcp.length === 1)
  b.sendRtcp(toB, buildRtcp({ ssrc: b.ssrc, blocks: [] }, 'x'))
  await a.until(() => a.rtp.length === 2)
  t.equal(a.rtp[1]!.data[1], 201)
  t.equal(a.rtp[1]!.from.port, portOf(toA))
  t.equal(a.rtcp.length, 0)
})
