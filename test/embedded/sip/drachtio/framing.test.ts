import t from 'tap'
import fc from 'fast-check'
import { frame, FrameReader } from '../../../../src/embedded/sip/drachtio/framing.js'
import { headerOf, placeHost, readAppMessage, without } from '../../../../src/embedded/sip/drachtio/text.js'

t.test('frames come out whole, however TCP cut them', async (t) => {
  const payload = fc.tuple(fc.stringMatching(/^[a-z|#0-9-]{1,30}$/), fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }))
  fc.assert(fc.property(fc.array(payload, { minLength: 1, maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (payloads, cuts) => {
    const stream = Buffer.concat(payloads.map(([leader, message]) => frame(leader, message === undefined ? undefined : Buffer.from(message))))
    const reader = new FrameReader()
    const out: Buffer[] = []
    for (let at = 0, cut = 0; at < stream.length; cut++) {
      const size = cuts[cut % cuts.length]!
      out.push(...reader.push(stream.subarray(at, at + size)))
      at += size
    }
    return out.length === payloads.length && payloads.every(([leader, message], at) => {
      const expected = message === undefined ? Buffer.from(leader) : Buffer.concat([Buffer.from(`${leader}\r\n`), Buffer.from(message)])
      return out[at]!.equals(expected)
    })
  }))
  t.pass()
})

t.test('lengths are bytes', async (t) => {
  t.equal(frame('id|ok', Buffer.from('é€')).toString('utf8'), '12#id|ok\r\né€')
  t.same(new FrameReader().push(Buffer.from('5#é€')).map(String), ['é€'])
})

t.test('a length that is none ends the connection', async (t) => {
  for (const bad of ['x#', '#', '0#', '00#', '-1#', '123456', '99999 #', ' 5#', '1x']) {
    t.throws(() => new FrameReader().push(Buffer.from(bad)), { name: 'FrameError' }, bad)
  }
  t.same(new FrameReader().push(Buffer.from('99999')), [], 'still possible')
  const reader = new FrameReader()
  reader.push(Buffer.from('2#ok'))
  t.throws(() => reader.push(Buffer.from('GET / HTTP/1.1')), { name: 'FrameError' })
})

t.test('what an application writes is read with all its habits', async (t) => {
  const message = readAppMessage(Buffer.from([
    'id|sip|txn|', 'SIP/2.0 200 OK', 'call-id: c', 'p-asserted-identity: <sip:a@localhost>', 'X-MyHeader: kept', 'via: never', 'record-route: never', 'route: never', 'rseq: 9',
    'content-length: 3', 'bad name: x', 'no colon', '', 'é body', '', 'more'
  ].join('\r\n')))
  t.same(message.tokens, ['id', 'sip', 'txn', ''])
  t.equal(message.startLine, 'SIP/2.0 200 OK')
  t.same(message.headers, [['Call-ID', 'c'], ['P-Asserted-Identity', '<sip:a@localhost>'], ['X-MyHeader', 'kept']])
  t.equal(message.body.toString(), 'é body\r\n\r\nmore', 'its length counts characters and is not believed')
  t.equal(headerOf(message, 'call-id'), 'c')
  t.same(without(message.headers, 'call-id').length, 2)
  t.same(readAppMessage(Buffer.from('id|ping')), { tokens: ['id', 'ping'], startLine: '', headers: [], body: Buffer.alloc(0) })
})

t.test('localhost becomes our address where it shows who we are', async (t) => {
  const place = (name: string, value: string): string => placeHost([[name, value]], '192.0.2.5', 5070)[0]![1]
  t.equal(place('From', '"A" <sip:+442079460000@localhost>;tag=1'), '"A" <sip:+442079460000@192.0.2.5:5070>;tag=1')
  t.equal(place('Contact', 'sip:x@localhost:9;transport=tcp'), 'sip:x@192.0.2.5:5070;transport=tcp')
  t.equal(place('P-Asserted-Identity', '<sip:localhost>'), '<sip:192.0.2.5:5070>')
  t.equal(place('To', '<sip:x@localhost.example.com>'), '<sip:x@localhost.example.com>')
  t.equal(place('Refer-To', '<sip:x@localhost>'), '<sip:x@localhost>')
})

t.test('whatever comes in a frame is read or the line dropped', async (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readAppMessage(Buffer.from(bytes)).tokens.length > 0))
  t.pass()
})
