import t, { type Test } from 'tap'
import type { ErrorCode } from '../../src/errors.js'
import type { Problem } from '../../src/http/errors.js'
import { courier, customer, order, testApi } from './support.js'

const { send } = await testApi(t)
const proxy = '+442079460003'
const future = new Date(Date.now() + 3600_000).toISOString()

type Case = [what: string, body: unknown, status: number, code: ErrorCode, field?: string]

/** Sends each body and checks the whole of the answer; none may repeat a value that was sent. */
async function refused(test: Test, method: 'POST' | 'PATCH', url: string, cases: readonly Case[]): Promise<void> {
  for (const [what, body, status, code, field] of cases) {
    const answer = await send(method, url, body)
    const problem = answer.json<Problem>()
    test.equal(answer.statusCode, status, `${what}: ${answer.body}`)
    test.equal(problem.code, code, what)
    test.equal(problem.field, field, `${what}: field`)
    test.match(answer.headers['content-type'], /^application\/problem\+json\b/, what)
    test.match(problem, { type: `urn:maskline:problem:${code}`, status, title: /^[A-Z].*\.$/ }, what)
    for (const secret of [courier, customer, proxy, 'canary-order', '+12025550123', 'tomorrow', 'sideways']) {
      test.notOk(answer.body.includes(secret), `${what}: no value`)
    }
  }
}

t.test('a new delivery', async (t) => {
  const phone = (number: unknown): Record<string, unknown> => order({ customer: { phone: number } })
  await refused(t, 'POST', '/v1/deliveries', [
    ['cut off', '{"reference":', 400, 'body_malformed'],
    ['no JSON', 'reference=1', 400, 'body_malformed'],
    ['empty', '', 400, 'body_malformed'],
    ['a name for prototypes', '{"__proto__":{"a":1}}', 400, 'body_malformed'],
    ['a list', [], 422, 'request_invalid'],
    ['null', 'null', 422, 'request_invalid'],
    ['too large', order({ reference: 'x'.repeat(20_000) }), 413, 'body_too_large'],

    ['an unknown field', order({ tip: 5 }), 422, 'request_invalid', 'tip'],
    ['an unknown field inside', order({ courier: { phone: courier, name: 'N' } }), 422, 'request_invalid', 'courier.name'],
    ['a number as a field', order({ [customer]: 1 }), 422, 'request_invalid'],
    ['no reference', order({ reference: undefined }), 422, 'request_invalid', 'reference'],
    ['an empty reference', order({ reference: '' }), 422, 'request_invalid', 'reference'],
    ['a long reference', order({ reference: 'x'.repeat(65) }), 422, 'request_invalid', 'reference'],
    ['a reference with a line break', order({ reference: 'a\nb' }), 422, 'request_invalid', 'reference'],
    ['a reference with a line separator', order({ reference: 'a\u2028b' }), 422, 'request_invalid', 'reference'],
    ['a reference with half a character', '{"reference":"\\ud800","courier":{"phone":"+46701740605"},"customer":{"phone":"+46701740606"},"ttlSeconds":60}', 422, 'request_invalid', 'reference'],
    ['a number as reference', order({ reference: 5 }), 422, 'request_invalid', 'reference'],
    ['no courier', order({ courier: undefined }), 422, 'request_invalid', 'courier'],
    ['a text as courier', order({ courier }), 422, 'request_invalid', 'courier'],
    ['no phone', order({ courier: {} }), 422, 'request_invalid', 'courier.phone'],
    ['a number as phone', phone(46701740606), 422, 'request_invalid', 'customer.phone'],
    ['a direction we do not know', order({ direction: 'sideways' }), 422, 'request_invalid', 'direction'],

    ['letters', phone('hello'), 422, 'phone_invalid', 'customer.phone'],
    ['empty', phone(''), 422, 'phone_invalid', 'customer.phone'],
    ['without the plus', phone('46701740606'), 422, 'phone_invalid', 'customer.phone'],
    ['spaces', phone('+46 70 174 06 06'), 422, 'phone_invalid', 'customer.phone'],
    ['a SIP address', phone('sip:+46701740606@a'), 422, 'phone_invalid', 'customer.phone'],
    ['Arabic digits', phone('+٤٦٧٠١٧٤٠٦٠٦'), 422, 'phone_invalid', 'customer.phone'],
    ['too many digits', phone('+4670174060612345'), 422, 'phone_invalid', 'customer.phone'],
    ['much too long', phone(`+${'4'.repeat(40)}`), 422, 'request_invalid', 'customer.phone'],
    ['a national trunk zero', phone('+460701740606'), 422, 'phone_invalid', 'customer.phone'],
    ['short', phone('+46112'), 422, 'phone_emergency', 'customer.phone'],
    ['emergency', phone('112'), 422, 'phone_emergency', 'customer.phone'],
    ['premium', phone('+449098790000'), 422, 'phone_not_allowed', 'customer.phone'],
    ['another country', phone('+12025550123'), 422, 'phone_not_allowed', 'customer.phone'],
    ['one of ours', phone(proxy), 422, 'phone_is_proxy', 'customer.phone'],
    ['one of ours for the courier', order({ courier: { phone: proxy } }), 422, 'phone_is_proxy', 'courier.phone'],
    ['equal phones', phone(courier), 422, 'phones_equal', 'customer.phone'],

    ['no expiry', order({ ttlSeconds: undefined }), 422, 'request_invalid', 'ttlSeconds'],
    ['two expiries', order({ expiresAt: future }), 422, 'request_invalid', 'expiresAt'],
    ['a text as life', order({ ttlSeconds: '3600' }), 422, 'request_invalid', 'ttlSeconds'],
    ['half a second', order({ ttlSeconds: 3600.5 }), 422, 'request_invalid', 'ttlSeconds'],
    ['too short', order({ ttlSeconds: 59 }), 422, 'expiry_invalid', 'ttlSeconds'],
    ['none', order({ ttlSeconds: 0 }), 422, 'expiry_invalid', 'ttlSeconds'],
    ['negative', order({ ttlSeconds: -3600 }), 422, 'expiry_invalid', 'ttlSeconds'],
    ['too long', order({ ttlSeconds: 259_201 }), 422, 'expiry_invalid', 'ttlSeconds'],
    ['beyond all numbers', order({ ttlSeconds: 1e300 }), 422, 'expiry_invalid', 'ttlSeconds'],
    ['no time', order({ ttlSeconds: undefined, expiresAt: 'tomorrow' }), 422, 'request_invalid', 'expiresAt'],
    ['no time zone', order({ ttlSeconds: undefined, expiresAt: future.slice(0, -1) }), 422, 'request_invalid', 'expiresAt'],
    ['a number as time', order({ ttlSeconds: undefined, expiresAt: Date.now() }), 422, 'request_invalid', 'expiresAt'],
    ['the past', order({ ttlSeconds: undefined, expiresAt: '2020-01-01T00:00:00Z' }), 422, 'expiry_invalid', 'expiresAt'],
    ['the far future', order({ ttlSeconds: undefined, expiresAt: '2999-01-01T00:00:00Z' }), 422, 'expiry_invalid', 'expiresAt'],
    ['no country', order({ country: 'ZZ' }), 422, 'country_unknown', 'country'],
    ['a long country', order({ country: 'GBR' }), 422, 'request_invalid', 'country']
  ])
  t.match((await send('GET', '/v1/numbers')).json<{ numbers: { live: number }[] }>().numbers.filter(({ live }) => live > 0), [], 'nothing was allocated')
})

t.test('a change and another phone', async (t) => {
  const { id } = (await send('POST', '/v1/deliveries', order())).json<{ id: string }>()
  await refused(t, 'PATCH', `/v1/deliveries/${id}`, [
    ['nothing', {}, 422, 'request_invalid'],
    ['an unknown field', { reference: 'new' }, 422, 'request_invalid', 'reference'],
    ['the state', { state: 'live' }, 422, 'request_invalid', 'state'],
    ['equal phones', { courier: { phone: courier }, customer: { phone: courier } }, 422, 'phones_equal', 'customer.phone'],
    ['one of ours', { courier: { phone: proxy } }, 422, 'phone_is_proxy', 'courier.phone'],
    ['the past', { expiresAt: '2020-01-01T00:00:00Z' }, 422, 'expiry_invalid', 'expiresAt'],
    ['two expiries', { expiresAt: future, ttlSeconds: 60 }, 422, 'request_invalid', 'expiresAt']
  ])
  await refused(t, 'POST', `/v1/deliveries/${id}/phones`, [
    ['no party', { phone: courier }, 422, 'request_invalid', 'party'],
    ['a party we do not know', { party: 'shop', phone: courier }, 422, 'request_invalid', 'party'],
    ['emergency', { party: 'courier', phone: '+46112' }, 422, 'phone_emergency', 'phone'],
    ['one of ours', { party: 'courier', phone: proxy }, 422, 'phone_is_proxy', 'phone']
  ])
})

t.test('one of ours is named as such wherever it is from', async (t) => {
  const { send } = await testApi(t, {}, (config) => ({ ...config, line: { ...config.line, allowedCountries: ['SE'] } }))
  const answer = await send('POST', '/v1/deliveries', order({ customer: { phone: proxy } }))
  t.match(answer.json(), { code: 'phone_is_proxy', field: 'customer.phone' })
})

t.test('addresses, methods and types', async (t) => {
  const cases: [string, 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH', string, number, ErrorCode][] = [
    ['nothing there', 'GET', '/nothing', 404, 'not_found'],
    ['nothing there under v1', 'GET', '/v1/nothing', 404, 'not_found'],
    ['a slash too many', 'GET', '/v1/calls/', 404, 'not_found'],
    ['a broken escape', 'GET', '/v1/deliveries/%E0%A4%A', 404, 'not_found'],
    ['an id that is none', 'GET', '/v1/deliveries/%7Bdemo%7D', 404, 'delivery_not_found'],
    ['an id with a line break', 'GET', '/v1/deliveries/a%0Ab', 404, 'delivery_not_found'],
    ['a long id', 'GET', `/v1/deliveries/${'b'.repeat(90)}`, 404, 'delivery_not_found'],
    ['an endless id', 'GET', `/v1/deliveries/${'b'.repeat(200)}`, 404, 'not_found'],
    ['an unknown id', 'GET', '/v1/deliveries/demo-bcdfghjkmnpqrstvwxyz', 404, 'delivery_not_found'],
    ['calls of an unknown id', 'GET', '/v1/deliveries/demo-bcdfghjkmnpqrstvwxyz/calls', 404, 'delivery_not_found'],
    ['closing an unknown id', 'DELETE', '/v1/deliveries/demo-bcdfghjkmnpqrstvwxyz', 404, 'delivery_not_found'],
    ['another method', 'PUT', '/v1/deliveries', 405, 'method_not_allowed'],
    ['another method on the health', 'POST', '/healthz', 405, 'method_not_allowed']
  ]
  for (const [what, method, url, status, code] of cases) {
    const answer = await send(method, url)
    t.equal(answer.statusCode, status, `${what}: ${answer.body}`)
    t.equal(answer.json<Problem>().code, code, what)
    t.match(answer.headers['content-type'], /^application\/problem\+json\b/, what)
  }
  t.equal((await send('PUT', '/v1/deliveries')).headers.allow, 'POST')
  t.equal((await send('PUT', '/v1/deliveries/x')).headers.allow, 'DELETE, GET, HEAD, PATCH')

  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await send('POST', '/v1/deliveries', JSON.stringify(order()), { headers: { 'content-type': type } })
    t.equal(answer.statusCode, 415, type)
    t.equal(answer.json<Problem>().code, 'media_type_unsupported')
  }
})

t.test('a call list with a bad window', async (t) => {
  for (const [query, field] of [
    ['from=yesterday', 'from'], ['to=2026-02-30T00:00:00Z', 'to'], ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['limit=0', 'limit'], ['limit=501', 'limit'], ['limit=ten', 'limit'], ['limit=1e2', 'limit'], ['limit=5&limit=6', 'limit'],
    ['cursor=%22', 'cursor'], ['party=courier', 'party']
  ] as const) {
    const answer = await send('GET', `/v1/calls?${query}`)
    t.equal(answer.statusCode, 422, `${query}: ${answer.body}`)
    t.match(answer.json(), { code: 'request_invalid', field }, query)
  }
})
