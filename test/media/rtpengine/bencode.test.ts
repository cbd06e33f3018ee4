import fc from 'fast-check'
import t from 'tap'
import { decode, encode, type Value } from '../../../src/media/rtpengine/bencode.js'

t.test('what is on the wire', async (t) => {
  t.equal(String(encode({ command: 'ping' })), 'd7:command4:pinge')
  t.equal(String(encode(['ä', -5, { '': [] }])), 'l2:äi-5ed0:leee')
  t.same(encode({ blob: Buffer.from([0xff, 0, 0x65]) }), Buffer.from('64343a626c6f62333aff006565', 'hex'), 'bytes as they are')
  t.same(decode(Buffer.from('d6:result4:pong5:ports' + 'li30000ei30002eee')), { result: 'pong', ports: [30000, 30002] })
})

t.test('whatever is encoded is decoded', async () => {
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.string({ unit: 'grapheme' }), fc.maxSafeInteger().map((n) => n % 1e15), fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }))
  }))
  fc.assert(fc.property(value, (any) => {
    t.same(decode(encode(any)), any)
  }), { numRuns: 200 })
})

t.test('garbage is a RangeError and nothing else', async (t) => {
  for (const text of ['', 'e', 'i', 'ie', 'i1', '5:abc', '-1:a', '99999999:a', 'd', 'l', 'di1ei2ee', 'i1ei2e', 'i1.5e', 'l'.repeat(100) + 'e'.repeat(100)]) {
    t.throws(() => decode(Buffer.from(text)), RangeError, text.slice(0, 12))
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    try {
      decode(Buffer.from(bytes))
    } catch (error) {
      return error instanceof RangeError
    }
    return true
  }))
})
