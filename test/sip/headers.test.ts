import t from 'tap'
import fc from 'fast-check'
import { identityHeaders, inviteHeaders, maxForwardsOf, userOf } from '../../src/sip/headers.js'
import type { SrfMessage } from '../../src/sip/srf.js'

const message = (headers: Record<string, string>): SrfMessage => {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { method: 'INVITE', uri: '', body: '', source_address: '', protocol: 'udp', source_port: 0, get: (name) => lower.get(name.toLowerCase()), has: (name) => lower.has(name.toLowerCase()) }
}

t.test('the user part of a Request-URI', (t) => {
  t.equal(userOf('sip:+442079460000@127.0.0.1:5060'), '+442079460000')
  t.equal(userOf('sip:%2B442079460000@example.com;user=phone'), '+442079460000')
  t.equal(userOf('SIPS:+442079460000;npdi=yes:secret@example.com'), '+442079460000')
  t.equal(userOf('sip:+442079460000:secret@example.com'), '+442079460000')
  t.equal(userOf('tel:+442079460000;phone-context=+44'), '+442079460000')
  t.equal(userOf('sip:example.com'), '')
  t.equal(userOf('sip:%zz@example.com'), '')
  t.test('never throws', async (t) => {
    fc.assert(fc.property(fc.string(), (text) => typeof userOf(`sip:${text}`) === 'string' && typeof userOf(text) === 'string'))
    t.pass()
  })
  t.end()
})

t.test('identity headers are handed on as text', (t) => {
  const headers = identityHeaders(message({ From: '<sip:anonymous@anonymous.invalid>', 'P-Asserted-Identity': '<sip:1@x>, <tel:+2>', Privacy: 'id;user' }))
  t.same(headers, { pai: ['<sip:1@x>, <tel:+2>'], from: '<sip:anonymous@anonymous.invalid>', privacy: ['id;user'] })
  t.end()
})

t.test('Max-Forwards is a number of 0 to 255 or nothing', (t) => {
  t.equal(maxForwardsOf(message({ 'Max-Forwards': '70' })), 70)
  t.equal(maxForwardsOf(message({ 'Max-Forwards': '0' })), 0)
  for (const bad of ['256', '-1', '7.5', 'many', '']) t.equal(maxForwardsOf(message({ 'Max-Forwards': bad })), undefined, bad)
  t.equal(maxForwardsOf(message({})), undefined)
  t.end()
})

t.test('an INVITE of ours names the proxy number and nobody else', (t) => {
  const headers = inviteHeaders('+442079460000', 69)
  t.same(Object.keys(headers).sort(), ['Allow', 'Contact', 'From', 'Max-Forwards', 'P-Asserted-Identity', 'User-Agent'])
  for (const name of ['From', 'Contact', 'P-Asserted-Identity']) t.equal(headers[name], '<sip:+442079460000@localhost>')
  t.equal(headers['Max-Forwards'], '69')
  t.end()
})
