import t from 'tap'
import fc from 'fast-check'
import { bytesOf, createResponse, Headers, parseMessage, serialize, SipFormatError, SipRequest, SipResponse, textOf } from '../../../../src/embedded/sip/index.js'

const base: [string, string][] = [['Via', 'SIP/2.0/UDP h;branch=z9hG4bK1'], ['From', '<sip:a@h>;tag=1'], ['To', '<sip:b@h>'], ['Call-ID', 'c'], ['CSeq', '1 INFO']]

t.test('Content-Length counts bytes, stands last and is ours alone', async (t) => {
  const message = new SipRequest('INFO', 'sip:b@h', new Headers([['Content-Length', '999'], ...base, ['l', '7']]), Buffer.from('é€'))
  t.equal(serialize(message).toString('utf8'), [
    'INFO sip:b@h SIP/2.0', 'Via: SIP/2.0/UDP h;branch=z9hG4bK1', 'From: <sip:a@h>;tag=1', 'To: <sip:b@h>', 'Call-ID: c', 'CSeq: 1 INFO',
    'Content-Length: 5', '', 'é€'
  ].join('\r\n'))
})

t.test('a header cannot be smuggled in', async (t) => {
  const attempts: [string, SipRequest | SipResponse, SipFormatError['part']][] = [
    ['CRLF in a value', new SipRequest('INFO', 'sip:b@h', new Headers([['Subject', 'a\r\nRoute: <sip:evil>']])), 'header_value'],
    ['LF in a value', new SipRequest('INFO', 'sip:b@h', new Headers([['Subject', 'a\nb']])), 'header_value'],
    ['NUL in a value', new SipRequest('INFO', 'sip:b@h', new Headers([['Subject', 'a\0b']])), 'header_value'],
    ['a character that would be cut to CR', new SipRequest('INFO', 'sip:b@h', new Headers([['Subject', 'a\u010d\u010ab']])), 'header_value'],
    ['CRLF in a name', new SipRequest('INFO', 'sip:b@h', new Headers([['A\r\nB', 'x']])), 'header_name'],
    ['colon in a name', new SipRequest('INFO', 'sip:b@h', new Headers([['A:B', 'x']])), 'header_name'],
    ['CRLF in the URI', new SipRequest('INFO', 'sip:b@h\r\nX: y', new Headers()), 'uri'],
    ['space in the URI', new SipRequest('INFO', 'sip:b@h x', new Headers()), 'uri'],
    ['no URI', new SipRequest('INFO', '', new Headers()), 'uri'],
    ['space in the method', new SipRequest('IN FO', 'sip:b@h', new Headers()), 'method'],
    ['CRLF in the reason', new SipResponse(200, 'OK\r\nX: y'), 'reason'],
    ['a status that is none', new SipResponse(42, 'OK'), 'status'],
    ['a fraction of a status', new SipResponse(200.5, 'OK'), 'status']
  ]
  for (const [name, message, part] of attempts) {
    try {
      serialize(message)
      t.fail(name)
    } catch (error) {
      t.match(error, { name: 'SipFormatError', part }, name)
    }
  }
})

t.test('no text whatever in a value makes a second header', async (t) => {
  fc.assert(fc.property(fc.string({ unit: fc.oneof(fc.constantFrom('\r', '\n', ':', 'X', ' ', '\u010d', '\u010a', '\u2028'), fc.string({ minLength: 1, maxLength: 1 })) }), (text) => {
    const request = new SipRequest('INFO', 'sip:b@h', new Headers([...base, ['X-Test', text]]))
    try {
      return parseMessage(serialize(request)).headers.size === base.length + 2
    } catch (error) {
      return error instanceof SipFormatError
    }
  }), { numRuns: 1_000 })
  t.pass()
})

t.test('real text passes through as UTF-8', async (t) => {
  const request = new SipRequest('INFO', 'sip:b@h', new Headers([...base, ['Subject', bytesOf('Lieferung für Åsa €')]]))
  t.equal(textOf(parseMessage(serialize(request)).headers.get('subject')!), 'Lieferung für Åsa €')
})

t.test('a response copies what it must', async (t) => {
  const headers = new Headers([['Via', 'SIP/2.0/UDP b;branch=2'], ...base, ['Record-Route', '<sip:p1;lr>'], ['Record-Route', '<sip:p2;lr>'], ['Subject', 'x']])
  const request = new SipRequest('INVITE', 'sip:b@h', headers)
  const ok = createResponse(request, 200, { toTag: 't', headers: [['Contact', '<sip:me>']], body: 'v=0' })
  t.same([...ok.headers].map((line) => [line.name, line.value]), [
    ['Via', 'SIP/2.0/UDP b;branch=2'], ['Via', 'SIP/2.0/UDP h;branch=z9hG4bK1'], ['From', '<sip:a@h>;tag=1'], ['To', '<sip:b@h>;tag=t'], ['Call-ID', 'c'], ['CSeq', '1 INFO'],
    ['Record-Route', '<sip:p1;lr>'], ['Record-Route', '<sip:p2;lr>'], ['Contact', '<sip:me>']
  ])
  t.equal(ok.reason, 'OK')
  t.notOk(createResponse(request, 486).headers.has('record-route'), 'no dialog, no route set')
  t.equal(createResponse(request, 486).reason, 'Busy Here')
  t.equal(createResponse(request, 599).reason, 'Server Internal Error', 'an unknown code reads as its class')
  request.headers.set('To', '<sip:b@h>;tag=old')
  t.equal(createResponse(request, 200, { toTag: 't' }).toTag, 'old', 'a tag stays')
})
