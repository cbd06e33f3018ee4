import t from 'tap'
import fc from 'fast-check'
import { serialize, StreamFraming } from '../../../../src/embedded/sip/index.js'
import { rawRequest } from '../support/messages.js'

const limit = 65_536

t.test('messages come out whole, however the stream was cut', async (t) => {
  const body = fc.string({ maxLength: 80 })
  const blank = fc.constantFrom('', '\r\n', '\r\n\r\n')
  fc.assert(fc.property(fc.array(fc.tuple(body, blank), { minLength: 1, maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 }), (parts, cuts) => {
    const messages = parts.map(([text]) => serialize(rawRequest({ method: 'MESSAGE', body: text })))
    const stream = Buffer.concat(messages.flatMap((message, at) => [message, Buffer.from(parts[at]![1])]))
    const framing = new StreamFraming(limit)
    const out: Buffer[] = []
    for (let at = 0, cut = 0; at < stream.length; cut++) {
      const size = cuts[cut % cuts.length]!
      out.push(...framing.push(stream.subarray(at, at + size)).messages)
      at += size
    }
    return out.length === messages.length && out.every((message, at) => message.equals(messages[at]!)) && framing.held().length === 0
  }))
  t.pass()
})

t.test('CRLF CRLF between messages is a ping', async (t) => {
  const framing = new StreamFraming(limit)
  t.equal(framing.push(Buffer.from('\r\n\r\n')).pings, 1)
  t.equal(framing.push(Buffer.from('\r\n')).pings, 0, 'a lone CRLF is not')
  const message = serialize(rawRequest())
  const framed = framing.push(Buffer.concat([message, Buffer.from('\r\n\r\n'), message]))
  t.equal(framed.messages.length, 2)
  t.equal(framed.pings, 1)
})

t.test('a stream that cannot be followed is given up, what came before it is not', async (t) => {
  const good = serialize(rawRequest())
  const head = 'OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n'
  const cases: [string, string, number][] = [
    [`${head}\r\n`, 'content_length', 400], [`${head}Content-Length: many\r\n\r\n`, 'content_length', 400],
    [`${head}Content-Length: 70000\r\n\r\n`, 'too_large', 513], [`${head}X: ${'y'.repeat(40_000)}`, 'too_large', 513]
  ]
  for (const [text, code, status] of cases) {
    const framed = new StreamFraming(limit).push(Buffer.concat([good, Buffer.from(text)]))
    t.equal(framed.messages.length, 1)
    t.match(framed.broken, { code, status }, code)
  }
})

t.test('Content-Length is found in its compact form and folded', async (t) => {
  const framing = new StreamFraming(limit)
  t.equal(framing.push(Buffer.from('OPTIONS sip:h SIP/2.0\r\nL: 2\r\n\r\nabOPTIONS sip:h SIP/2.0\r\ncontent-length :\r\n 1\r\n\r\nc')).messages.length, 2)
  t.match(new StreamFraming(limit).push(Buffer.from('OPTIONS sip:h SIP/2.0\r\nX-Content-Length: 2\r\n\r\n')).broken, { code: 'content_length' }, 'another header is not it')
})
