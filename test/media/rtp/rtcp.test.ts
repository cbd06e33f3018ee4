import t from 'tap'
import fc from 'fast-check'
import { buildRtcp, parseRtcp } from '../../../src/media/rtp/rtcp.js'

const block = { ssrc: 7, fractionLost: 12, cumulativeLost: 0x010203, highestSequence: 0x00010002, jitter: 33, lastSenderReport: 44, delay: 55 }
const sender = { ntp: 0x0102030405060708n, timestamp: 160, packets: 2, octets: 320 }

t.test('reports read back as they were written', (t) => {
  t.same(parseRtcp(buildRtcp({ ssrc: 9, sender, blocks: [block] }, 'name')), [{ ssrc: 9, sender, blocks: [block] }])
  t.same(parseRtcp(buildRtcp({ ssrc: 9, blocks: [] }, 'name')), [{ ssrc: 9, blocks: [] }])
  t.end()
})

t.test('a CNAME of any length is ended and fills whole words', (t) => {
  for (let length = 1; length < 9; length++) {
    const data = buildRtcp({ ssrc: 9, blocks: [] }, 'n'.repeat(length)).subarray(8)
    t.equal(data.length % 4, 0)
    t.equal(data.readUInt16BE(2) * 4 + 4, data.length)
    t.equal(data[data.length - 1], 0, 'the list of items is ended')
    t.equal(data.toString('latin1', 10, 10 + length), 'n'.repeat(length))
  }
  t.end()
})

t.test('only whole compound packets that begin with a report count', (t) => {
  const good = buildRtcp({ ssrc: 9, sender, blocks: [block] }, 'name')
  t.equal(parseRtcp(good.subarray(52)), undefined, 'begins with SDES')
  t.equal(parseRtcp(good.subarray(0, good.length - 1)), undefined, 'cut short')
  t.equal(parseRtcp(Buffer.from([0x81, 200, 0, 6, ...Buffer.alloc(24)])), undefined, 'a block that is not there')
  t.equal(parseRtcp(Buffer.alloc(0)), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => { parseRtcp(Buffer.from(bytes)) }))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => { parseRtcp(Buffer.from([0x81, 200, ...bytes])) }))
  t.end()
})
