import t from 'tap'
import fc from 'fast-check'
import { parseLimits, parseMessage, readReplyHeaders, serialize, SipParseError, SipRequest, SipResponse, type SipMessage, type SipParseCode } from '../../../../src/embedded/sip/index.js'

const lines = (...text: string[]): Buffer => Buffer.from(text.join('\r\n'), 'latin1')
const core = [
  'Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKone', 'From: "Courier" <sip:+46701740605@example.com>;tag=a1',
  'To: <sip:+442079460000@example.com>', 'Call-ID: one', 'CSeq: 1 INVITE'
]
const invite = (...more: string[]): Buffer => lines('INVITE sip:+442079460000@example.com SIP/2.0', ...core, ...more, '', '')

function failure(data: Buffer): SipParseError {
  try {
    parseMessage(data)
  } catch (error) {
    if (error instanceof SipParseError) return error
  }
  throw new Error('parsed')
}

t.test('a request with what it holds', async (t) => {
  const message = parseMessage(invite('Max-Forwards: 70', 'Contact: <sip:a@192.0.2.1>', 'Content-Length: 0')) as SipRequest
  t.equal(message.kind, 'request')
  t.equal(message.method, 'INVITE')
  t.equal(message.uri, 'sip:+442079460000@example.com')
  t.equal(message.callId, 'one')
  t.equal(message.fromTag, 'a1')
  t.equal(message.toTag, undefined)
  t.same(message.cseq, { number: 1, method: 'INVITE' })
  t.equal(message.via.params.get('branch'), 'z9hG4bKone')
  t.equal(message.body.length, 0)
})

t.test('a response, also without a reason phrase', async (t) => {
  const message = parseMessage(lines('SIP/2.0 183 Session Progress', ...core, '', '')) as SipResponse
  t.equal(message.status, 183)
  t.equal(message.reason, 'Session Progress')
  t.equal((parseMessage(lines('SIP/2.0 200 ', ...core, '', '')) as SipResponse).reason, '')
  t.equal((parseMessage(lines('SIP/2.0 200', ...core, '', '')) as SipResponse).status, 200)
})

t.test('what a tolerant reader takes', async (t) => {
  const compact = lines('INVITE sip:b@example.com SIP/2.0', 'v: SIP/2.0/TCP h;branch=z9hG4bKx', 'f:<sip:a@h>;tag=1', 't :<sip:b@h>', 'i: c', 'cseq: 7  INVITE', 'm: <sip:a@h>', 'l: 3', '', 'abcdef')
  const message = parseMessage(compact)
  t.equal(message.headers.get('Contact'), '<sip:a@h>', 'compact names')
  t.equal(message.headers.get('to'), '<sip:b@h>', 'space before the colon')
  t.equal(message.body.toString(), 'abc', 'bytes after Content-Length are cut off (RFC 3261 §18.3)')
  t.equal(parseMessage(Buffer.concat([Buffer.from('\r\n\r\n'), invite()])).callId, 'one', 'leading CRLFs')
  const folded = parseMessage(invite('Subject: one', '\t two', '  three'))
  t.equal(folded.headers.get('s'), 'one two three', 'folded lines')
  const many = parseMessage(lines('OPTIONS sip:h SIP/2.0', ...core.slice(0, 4), 'CSeq: 1 OPTIONS', 'Via: SIP/2.0/UDP b, SIP/2.0/UDP c;x="a,b"', 'Record-Route: <sip:p;lr>,<sip:q,r>', '', ''))
  t.same(many.headers.all('via').slice(1), ['SIP/2.0/UDP b', 'SIP/2.0/UDP c;x="a,b"'], 'listed values get lines')
  t.same(many.headers.all('record-route'), ['<sip:p;lr>', '<sip:q,r>'])
  t.equal(parseMessage(invite()).body.length, 0, 'no Content-Length on a datagram')
  t.equal((parseMessage(invite('X-Empty:')).headers.get('x-empty')), '', 'an empty value')
  const tel = lines('INVITE tel:+442079460000 SIP/2.0', ...core, '', '')
  t.equal((parseMessage(tel) as SipRequest).uri, 'tel:+442079460000', 'other schemes are for the application')
})

t.test('what is refused, by its code', async (t) => {
  const cases: readonly [SipParseCode, Buffer][] = [
    ['empty', Buffer.from('\r\n\r\n')],
    ['too_large', Buffer.alloc(parseLimits.messageBytes + 1, 'x')],
    ['truncated', lines('INVITE sip:b@h SIP/2.0', ...core)],
    ['start_line', lines('INVITE  sip:b@h SIP/2.0', ...core, '', '')],
    ['start_line', lines('hello', ...core, '', '')],
    ['start_line', lines('SIP/2.0 99 Low', ...core, '', '')],
    ['start_line', lines('SIP/2.0 700 High', ...core, '', '')],
    ['version', lines('INVITE sip:b@h SIP/7.0', ...core, '', '')],
    ['header', invite('no colon here')],
    ['header', invite('na me: x')],
    ['header', invite(`Subject: ${'x'.repeat(parseLimits.lineBytes)}`)],
    ['header_count', invite(...Array.from({ length: parseLimits.headerLines }, () => 'X: y'))],
    ['control_character', invite('Subject: a\0b')],
    ['control_character', invite('Subject: a\nInjected: b')],
    ['control_character', invite('Subject: a\rb')],
    ['missing_header', lines('INVITE sip:b@h SIP/2.0', ...core.slice(1), '', '')],
    ['missing_header', lines('INVITE sip:b@h SIP/2.0', ...core.slice(0, 3), core[4]!, '', '')],
    ['missing_header', lines('INVITE sip:b@h SIP/2.0', ...core.slice(0, 3), 'Call-ID:', core[4]!, '', '')],
    ['duplicate_header', invite('From: <sip:other@h>;tag=2')],
    ['duplicate_header', invite('l: 0', 'Content-Length: 0')],
    ['via', invite('Via: UDP h')],
    ['via', invite('Via: SIP/2.0/UDP h:99999')],
    ['cseq', lines('INVITE sip:b@h SIP/2.0', ...core.slice(0, 4), 'CSeq: 1 OPTIONS', '', '')],
    ['cseq', lines('INVITE sip:b@h SIP/2.0', ...core.slice(0, 4), 'CSeq: 4294967296 INVITE', '', '')],
    ['cseq', lines('INVITE sip:b@h SIP/2.0', ...core.slice(0, 4), 'CSeq: one INVITE', '', '')],
    ['address', lines('INVITE sip:b@h SIP/2.0', core[0]!, 'From: "open <sip:a@h>;tag=1', ...core.slice(2), '', '')],
    ['address', lines('INVITE sip:b@h SIP/2.0', core[0]!, core[1]!, 'To: <sip:b@h', ...core.slice(3), '', '')],
    ['uri', lines('INVITE b SIP/2.0', ...core, '', '')],
    ['uri', lines('INVITE sip:b@h:70000 SIP/2.0', ...core, '', '')],
    ['content_length', invite('Content-Length: 1')],
    ['content_length', invite('Content-Length: -1')],
    ['max_forwards', invite('Max-Forwards: many')]
  ]
  for (const [code, data] of cases) t.equal(failure(data).code, code, code)
})

t.test('a reply is possible where the five headers can be read, and not to an ACK or a response', async (t) => {
  const broken = failure(invite('Content-Length: 5'))
  t.equal(broken.status, 400)
  t.match(broken.reply, { method: 'INVITE', callId: 'one', cseq: '1 INVITE', via: ['SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKone'] })
  t.equal(failure(lines('INVITE sip:b@h SIP/7.0', ...core, '', '')).status, 505)
  t.ok(failure(lines('INVITE sip:b@h', ...core, '', '')).reply, 'a broken request line still names its method')
  t.equal(failure(lines('ACK sip:b@h SIP/2.0', ...core, 'Content-Length: 5', '', '')).reply, undefined)
  t.equal(failure(lines('SIP/2.0 200 OK', ...core, 'Content-Length: 5', '', '')).reply, undefined)
  t.equal(failure(lines('INVITE sip:b@h SIP/2.0', ...core.slice(1), '', '')).reply, undefined, 'no Via, nowhere to send it')
  t.equal(failure(lines('INVITE sip:b@h SIP/2.0', ...core.slice(0, 4), 'CSeq: 1 INVITE\nX: y', '', '')).reply, undefined, 'nothing is copied that could inject')
  t.match(readReplyHeaders(lines('INVITE sip:b@h SIP/2.0', ...core)), { callId: 'one' })
})

t.test('the error never repeats what was sent', async (t) => {
  const error = failure(lines('INVITE sip:+46701740605@h:x SIP/2.0', ...core, '', ''))
  t.notMatch(error.message, /\+46/)
})

t.test('whatever bytes come, there is a message or a typed error', async (t) => {
  const check = (data: Buffer): boolean => {
    try {
      return parseMessage(data).headers.size > 0
    } catch (error) {
      return error instanceof SipParseError
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => check(Buffer.from(bytes))))
  // Near misses reach deeper: a good message with one stretch of it replaced.
  const good = invite('Contact: <sip:a@h>', 'Route: <sip:p;lr>', 'Content-Length: 4', '', 'body').toString('latin1')
  fc.assert(fc.property(fc.nat(good.length), fc.nat(12), fc.string({ maxLength: 12 }), (at, cut, text) => {
    return check(Buffer.from(good.slice(0, at) + text + good.slice(at + cut), 'latin1'))
  }), { numRuns: 2_000 })
  t.pass()
})

t.test('what is written is read again the same', async (t) => {
  const token = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,12}$/)
  const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f).map((code) => String.fromCharCode(code)), maxLength: 60 })
  const header = fc.tuple(token.map((name) => `X-${name}`), value.map((text) => text.replace(/[\x80-\x9f\xa0]/g, '').trim()))
  fc.assert(fc.property(token, fc.array(header, { maxLength: 10 }), fc.uint8Array({ maxLength: 200 }), (method, headers, body) => {
    fc.pre(method !== 'ACK')
    const message = parseMessage(lines(`${method} sip:b@h SIP/2.0`, ...core.slice(0, 4), `CSeq: 1 ${method}`, '', '')) as SipRequest
    for (const [name, text] of headers) message.headers.add(name, text)
    message.body = Buffer.from(body)
    const bytes = serialize(message)
    const again = parseMessage(bytes)
    return serialize(again).equals(bytes) && again.body.equals(message.body) && headers.every(([name, text]) => again.headers.all(name).includes(text))
  }))
  const odd = Buffer.from('Subject: \xc3\xa9\xff\xfe', 'latin1').toString('latin1')
  t.ok(serialize(parseMessage(invite(odd))).includes(Buffer.from([0xc3, 0xa9, 0xff, 0xfe])), 'bytes that are no UTF-8 stay as they are')
})

t.test('hostile nesting is read in reasonable time', async (t) => {
  const nasty = ['"'.repeat(4_000), '<'.repeat(4_000), ';a=b'.repeat(1_500), '\\"'.repeat(2_000), ' '.repeat(8_000), ','.repeat(8_000)]
  let parsed = 0
  for (const text of nasty) {
    for (const name of ['From', 'Via', 'Contact', 'X']) {
      const message: SipMessage | SipParseError = attempt(lines('INVITE sip:b@h SIP/2.0', ...core.map((line) => line.startsWith(name) ? `${name}: ${text}` : line), `Y: ${text}`, '', ''))
      if (!(message instanceof Error)) parsed++
    }
  }
  t.ok(parsed > 0)
})

function attempt(data: Buffer): SipMessage | SipParseError {
  try {
    return parseMessage(data)
  } catch (error) {
    if (error instanceof SipParseError) return error
    throw error
  }
}
