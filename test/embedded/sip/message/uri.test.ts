import t from 'tap'
import fc from 'fast-check'
import { formatNameAddr, formatUri, formatVia, headerName, Headers, isToken, parseNameAddr, parseParams, parseUri, parseVia, SipParseError, tagOf, tryParseUri, uriScheme, withTag } from '../../../../src/embedded/sip/index.js'

t.test('sip URIs', async (t) => {
  t.match(parseUri('sip:+442079460000@Example.COM:5070;transport=tcp;lr?Subject=x'), {
    scheme: 'sip', user: '+442079460000', host: 'example.com', port: 5070, headers: 'Subject=x'
  })
  t.same([...parseUri('SIP:a@h;Transport=TCP;lr').params], [['transport', 'TCP'], ['lr', undefined]])
  t.equal(parseUri('sips:[2001:db8::1]:5061').host, '2001:db8::1')
  t.equal(parseUri('sip:h').user, undefined)
  t.equal(parseUri('sip:a;npdi=yes:pw@h').user, 'a;npdi=yes:pw')
  for (const text of ['sip:a@h', 'sip:[2001:db8::1]:5061;lr', 'sips:a:b@h:1;x=y?p=q']) t.equal(formatUri(parseUri(text)), text)
  for (const bad of ['', 'a@h', 'sip:', 'sip:a@', 'sip:a@h:0', 'sip:a@h:65536', 'sip:a@h:x', 'sip:a b@h', 'sip:<a>@h', 'tel:+442079460000', 'sip:a@h h', 'sip:@h']) {
    t.throws(() => parseUri(bad), { name: 'SipParseError', code: 'uri' }, bad)
    t.equal(tryParseUri(bad), undefined)
  }
  t.equal(uriScheme('tel:+442079460000'), 'tel')
  t.equal(uriScheme('no scheme'), undefined)
})

t.test('addresses', async (t) => {
  t.match(parseNameAddr('"A \\"quoted\\" <b>" <sip:a@h;x=1>;tag=t1'), { display: '"A \\"quoted\\" <b>"', uri: 'sip:a@h;x=1' })
  t.equal(parseNameAddr('Plain Name <sip:a@h>').display, 'Plain Name')
  t.match(parseNameAddr('sip:a@h;tag=t2'), { display: undefined, uri: 'sip:a@h' })
  t.equal(tagOf('"x;tag=no" <sip:a@h;tag=no>;tag=yes'), 'yes')
  t.equal(tagOf('sip:a@h;tag=bare'), 'bare', 'without brackets parameters are those of the header')
  t.equal(tagOf('<sip:a@h>'), undefined)
  t.equal(tagOf('broken <'), undefined)
  t.equal(tagOf(undefined), undefined)
  t.equal(withTag('<sip:a@h>', 'x'), '<sip:a@h>;tag=x')
  t.equal(withTag('<sip:a@h>;tag=y', 'x'), '<sip:a@h>;tag=y')
  t.equal(formatNameAddr(parseNameAddr('"A"<sip:a@h>;tag=1;flag')), '"A" <sip:a@h>;tag=1;flag')
  for (const bad of ['', '<>', '<a>', '"open <sip:a@h>', '"a" b <sip:a@h>', '<sip:a@h', '<sip:a@h> x', 'a, b', 'sip:a@h,sip:b@h']) {
    t.throws(() => parseNameAddr(bad), { name: 'SipParseError', code: 'address' }, bad)
  }
})

t.test('parameters', async (t) => {
  t.same([...parseParams('; a = 1 ;B;c="x;y,z";;A=2')], [['a', '1'], ['b', undefined], ['c', '"x;y,z"']])
  t.throws(() => parseParams('x;a=1'), { code: 'address' })
  t.throws(() => parseParams(';=1'), { code: 'address' })
  t.same([...parseParams(';__proto__=x').keys()], ['__proto__'], 'names are only names')
})

t.test('Via', async (t) => {
  const via = parseVia('SIP / 2.0 / udp [2001:db8::9]:5066 ;branch=z9hG4bK;rport')
  t.match(via, { protocol: 'UDP', host: '2001:db8::9', port: 5066 })
  t.equal(formatVia(via), 'SIP/2.0/UDP [2001:db8::9]:5066;branch=z9hG4bK;rport')
  t.equal(parseVia('SIP/2.0/TCP host').port, undefined)
  for (const bad of ['', 'SIP/2.0/UDP', 'SIP/1.0/UDP h', 'SIP/2.0/UDP h:0', 'SIP/2.0/UDP h x', 'SIP/2.0/UDP h;=']) t.throws(() => parseVia(bad), { code: 'via' }, bad)
})

t.test('header names', async (t) => {
  t.equal(headerName('call-id'), 'Call-ID')
  t.equal(headerName('p-asserted-identity'), 'P-Asserted-Identity')
  t.equal(headerName('www-authenticate'), 'WWW-Authenticate')
  t.equal(headerName('f'), 'From')
  t.equal(headerName('X-eslOutbound'), 'X-eslOutbound')
  t.ok(isToken("Az0-.!%*_+`'~"))
  for (const bad of ['', 'a b', 'a:', 'a\r', 'é']) t.notOk(isToken(bad))
})

t.test('a list of header lines', async (t) => {
  const headers = new Headers([['Route', '<sip:1>'], ['X', 'a, b'], ['ROUTE', '<sip:2>'], ['x', '"c,d" <e,f>,, g']])
  t.same(headers.all('route'), ['<sip:1>', '<sip:2>'])
  t.same(headers.list('x'), ['a', 'b', '"c,d" <e,f>', 'g'])
  t.same(new Headers([['Contact', '"a\\",b" <sip:a>, "c\\\\", <sip:c>']]).list('contact'), ['"a\\",b" <sip:a>', '"c\\\\"', '<sip:c>'], 'a quote may hide behind a backslash')
  t.equal(headers.get('nothing'), undefined)
  t.same([...headers.clone().set('route', '<sip:3>')].map((line) => line.value), ['<sip:3>', 'a, b', '"c,d" <e,f>,, g'], 'set replaces the first and drops the others')
  t.same(headers.clone().replaceFirst('route', '<sip:4>').all('route'), ['<sip:4>', '<sip:2>'])
  t.equal(headers.clone().prepend('Route', '<sip:0>').get('route'), '<sip:0>')
  t.equal(headers.clone().remove('X').size, 2)
  t.equal(headers.clone().set('New', '1').get('new'), '1')
  t.equal(headers.size, 4, 'copies are copies')
})

t.test('any text gives a value or a typed error', async (t) => {
  const typed = (read: () => unknown): boolean => {
    try {
      read()
      return true
    } catch (error) {
      return error instanceof SipParseError
    }
  }
  const text = fc.string({ unit: fc.oneof(fc.constantFrom('<', '>', '"', ';', ',', '=', '@', ':', '[', ']', '\\', ' '), fc.string({ minLength: 1, maxLength: 1 })) })
  fc.assert(fc.property(text, (value) => [parseUri, parseNameAddr, parseVia, parseParams].every((read) => typed(() => read(value)))), { numRuns: 2_000 })
  fc.assert(fc.property(text, (value) => {
    try {
      const parsed = parseNameAddr(value)
      return formatNameAddr(parseNameAddr(formatNameAddr(parsed))) === formatNameAddr(parsed)
    } catch (error) {
      return error instanceof SipParseError
    }
  }), { numRuns: 2_000 })
  t.pass()
})
