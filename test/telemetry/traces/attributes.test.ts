import fc from 'fast-check'
import t from 'tap'
import { allowed, attributes, type AttributeName } from '../../../src/telemetry/traces/attributes.js'

const names = Object.keys(allowed) as AttributeName[]

t.test('an attribute that is not in the list is left out', async (t) => {
  t.same(attributes({ 'maskline.call.reason': 'busy', 'url.full': 'x', toString: 'busy', 'client.address': '192.0.2.1' } as object), { 'maskline.call.reason': 'busy' })
  t.same(attributes({ 'maskline.call.outcome': undefined }), {})
  t.doesNotThrow(() => fc.assert(fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...names)), fc.oneof(fc.string(), fc.integer())), (given) =>
    Object.keys(attributes(given)).every((name) => (names as string[]).includes(name)))))
})

t.test('no number, name or address fits into any of them', async (t) => {
  const digits = fc.stringMatching(/^[1-9]\d{6,14}$/)
  const person = fc.oneof(
    fc.tuple(fc.constantFrom('', '+', '00', 'tel:', 'sip:', '/v1/', 'c'), digits, fc.constantFrom('', '@192.0.2.1', '/calls', 'x')).map((parts) => parts.join('')),
    fc.constantFrom('Mari Maasikas', 'Mari', 'mari@example.org', 'Pärnu mnt 1', '192.0.2.1', '2001:db8::1', '59.437, 24.745')
  )
  t.doesNotThrow(() => fc.assert(fc.property(fc.constantFrom(...names), person, (name, value) => Object.keys(attributes({ [name]: value })).length === 0), { numRuns: 2000 }))
  t.doesNotThrow(() => fc.assert(fc.property(fc.constantFrom(...names), fc.integer({ min: 10_000 }), (name, value) => Object.keys(attributes({ [name]: value })).length === 0)))
})

t.test('what calls and requests have does fit', async (t) => {
  const given = {
    'maskline.call.id': 'bcdfghjkmnpqrstvwxyz', 'maskline.shop.id': 'shop2', 'maskline.trunk.id': 'carrier1', 'maskline.gateway': 0, 'maskline.sip.status_code': 486, 'maskline.call.attempt': 12,
    'maskline.detail': 'ask-code', 'http.route': '/v1/deliveries/:id/calls', 'http.request.method': 'GET', 'http.response.status_code': 201, 'error.type': '503'
  }
  t.same(attributes(given), given)
})
