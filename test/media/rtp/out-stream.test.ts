import t from 'tap'
import fc from 'fast-check'
import { OutStream } from '../../../src/media/rtp/out-stream.js'
import { parseRtp, type RtpPacket } from '../../../src/media/rtp/packet.js'

const payload = Buffer.alloc(160)
const out = { payloadType: 8, clockRate: 8000, payload }
const from = (ssrc: number, sequence: number, timestamp: number): RtpPacket => ({ payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp: timestamp >>> 0, ssrc, payload })
const ahead = (a: number, b: number): number => ((b - a) & 0xffff) << 16 >> 16

t.test('gaps and order of a relayed stream stay, numbers are our own', (t) => {
  const stream = new OutStream()
  const send = (sequence: number, timestamp: number): RtpPacket | undefined => {
    const data = stream.relay(from(5, sequence, timestamp), out, 1000)
    return data === undefined ? undefined : parseRtp(data)
  }
  const first = send(65534, 4294967290)!
  t.equal(first.ssrc, stream.ssrc)
  t.not(first.ssrc, 5)
  t.equal(first.payloadType, 8)
  t.equal(first.marker, true, 'a stream begins with a marker')
  const third = send(0, 310)!
  t.equal(ahead(first.sequence, third.sequence), 2)
  t.equal((third.timestamp - first.timestamp) >>> 0, 316)
  t.equal(third.marker, false)
  const second = send(65535, 150)!
  t.equal(ahead(first.sequence, second.sequence), 1, 'a late packet keeps its place')
  t.equal(send(65533, 0), undefined, 'a packet from before the start goes nowhere')
  t.equal(stream.packets, 3)
  t.equal(stream.octets, 480)
  t.end()
})

t.test('numbers never go back, whatever comes in turn', (t) => {
  const step = fc.record({ kind: fc.constantFrom('relay', 'jump', 'other', 'talk', 'pause'), wait: fc.nat(5000) })
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const stream = new OutStream()
    let now = 0
    let theirs = { ssrc: 1, sequence: 100, timestamp: 0 }
    let offset = 0
    let last: RtpPacket | undefined
    let talking = false
    for (const { kind, wait } of steps) {
      now += 20 + wait
      if (kind === 'jump') theirs = { ...theirs, sequence: theirs.sequence + 30000, timestamp: theirs.timestamp + 99999999 }
      else if (kind === 'other') theirs = { ssrc: theirs.ssrc + 1, sequence: theirs.sequence - 5000, timestamp: 12345 }
      if (kind === 'pause') {
        stream.pause()
        talking = false
        continue
      }
      theirs = { ...theirs, sequence: theirs.sequence + 1, timestamp: theirs.timestamp + 160 }
      offset = kind === 'talk' && talking ? offset + 160 : 0
      talking = kind === 'talk'
      const data = talking ? stream.talk(out, offset, now) : stream.relay(from(theirs.ssrc, theirs.sequence, theirs.timestamp), out, now)
      const packet = data === undefined ? undefined : parseRtp(data)
      if (packet === undefined) return false
      if (last !== undefined && (ahead(last.sequence, packet.sequence) !== 1 || ((packet.timestamp - last.timestamp) >>> 0) > 0x7fffffff || packet.timestamp === last.timestamp)) return false
      last = packet
    }
    return true
  }))
  t.end()
})

t.test('a pause of ours shows in time and not in numbers', (t) => {
  const stream = new OutStream()
  const before = parseRtp(stream.relay(from(5, 10, 1000), out, 0)!)!
  stream.pause()
  const after = parseRtp(stream.relay(from(5, 200, 99000), out, 1000)!)!
  t.equal(ahead(before.sequence, after.sequence), 1)
  t.equal((after.timestamp - before.timestamp) >>> 0, 8000)
  t.end()
})

t.test('reports find back to the numbers of the relayed stream', (t) => {
  const stream = new OutStream()
  t.equal(stream.source, undefined)
  const sent = parseRtp(stream.relay(from(5, 10, 1000), out, 0)!)!
  t.equal(stream.source, 5)
  t.equal(stream.toOwnTimestamp(1000), sent.timestamp)
  t.equal(stream.toSourceSequence(sent.sequence) & 0xffff, 10)
  t.end()
})
