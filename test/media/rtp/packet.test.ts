import t from 'tap'
import fc from 'fast-check'
import { buildRtp, looksLikeRtcp, parseRtp } from '../../../src/media/rtp/packet.js'

const packet = { payloadType: 101, marker: true, sequence: 65535, timestamp: 4294967295, ssrc: 3000000000, payload: Buffer.from('voice') }

t.test('what is built reads back, for every header', (t) => {
  fc.assert(fc.property(
    fc.record({ payloadType: fc.nat(127), marker: fc.boolean(), sequence: fc.nat(0xffff), timestamp: fc.nat(0xffffffff), ssrc: fc.nat(0xffffffff), payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) }),
    (any) => { t.same(parseRtp(buildRtp(any)), any) }
  ), { numRuns: 50 })
  t.equal(buildRtp(packet).toString('hex'), '80e5ffffffffffffb2d05e00' + Buffer.from('voice').toString('hex'))
  t.end()
})

t.test('sources, extension and padding stay behind', (t) => {
  const header = buildRtp({ ...packet, payload: Buffer.alloc(0) })
  header[0] = 0x80 | 0x20 | 0x10 | 2
  const sources = Buffer.from('SRC1SRC2')
  const extension = Buffer.concat([Buffer.from([0xbe, 0xde, 0, 1]), Buffer.from('SECR')])
  const padded = Buffer.concat([header, sources, extension, Buffer.from('voice'), Buffer.from([0, 0, 3])])
  t.same(parseRtp(padded), packet)
  t.end()
})

t.test('what is not whole is no packet', (t) => {
  t.equal(parseRtp(Buffer.alloc(11, 0x80)), undefined, 'short header')
  t.equal(parseRtp(Buffer.alloc(20, 0x40)), undefined, 'version 1')
  t.equal(parseRtp(Buffer.concat([Buffer.from([0x8f]), Buffer.alloc(30)])), undefined, 'more sources than bytes')
  t.equal(parseRtp(Buffer.concat([Buffer.from([0x90]), Buffer.alloc(11)])), undefined, 'an extension that is not there')
  t.equal(parseRtp(Buffer.concat([Buffer.from([0xa0]), Buffer.alloc(12, 0xff)])), undefined, 'more padding than bytes')
  t.equal(parseRtp(Buffer.concat([Buffer.from([0xa0]), Buffer.alloc(12)])), undefined, 'padding of nothing')
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => { parseRtp(Buffer.from(bytes)) }))
  t.end()
})

t.test('RTCP is told from RTP on a shared port', (t) => {
  t.ok(looksLikeRtcp(Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 0])))
  t.notOk(looksLikeRtcp(buildRtp(packet)))
  t.end()
})
