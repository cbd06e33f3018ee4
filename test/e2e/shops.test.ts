import t from 'tap'
import { findNumber } from '../../src/embedded/phone/index.js'
import { until } from '../support/whole.js'
import { courierNumber, customerNumber, stage } from './stage.js'

const play = await stage(t)

interface Answer { readonly status: number, readonly body: Record<string, unknown>, readonly text: string }

/** A request with any key. */
async function ask(key: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${play.app.httpPort}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  return { status: answer.status, text, body: text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : {} }
}

t.test('a shop that an operator makes over the API has lines, calls, records and retention like any other', async (t) => {
  t.equal((await play.api('POST', '/v1/shops', { id: 'bakery', name: 'Corner bakery', pool: 'demo', country: 'EE', language: 'et' })).status, 201)
  const admin = (await play.api('POST', '/v1/shops/bakery/keys', { label: 'first', roles: ['admin'] })).body.key as string
  const app = (await ask(admin, 'POST', '/v1/keys', { label: 'order system', roles: ['app'] })).body.key as string

  const line = await ask(app, 'POST', '/v1/deliveries', { reference: 'bread-1', courier: { phone: courierNumber }, customer: { phone: customerNumber }, ttlSeconds: 3600 })
  t.equal(line.status, 201, line.text)
  const { id, number } = line.body as { id: string, number: string }
  const call = play.courier.call(number, { via: play.via })
  const ringing = await play.customer.nextCall()
  t.equal(ringing.shown, number)
  await ringing.answer()
  await call.answered()
  await call.hangUp()
  await ringing.ended()
  const record = await until(async () => {
    const [one] = (await ask(app, 'GET', `/v1/deliveries/${id}/calls`)).body.calls as { state: string }[]
    return one?.state === 'ended' ? one : undefined
  }, 'the record')
  t.match(record, { result: 'success', startedBy: 'courier' })

  t.equal((await play.api('GET', `/v1/deliveries/${id}`)).status, 404, 'not the demo shop\'s')
  t.notMatch((await play.api('GET', '/v1/calls')).text, /bread-1/)
  t.match((await ask(admin, 'GET', '/v1/settings')).body, { language: 'et' })
  t.match((await ask(admin, 'GET', '/v1/retention')).body, { classes: [{}], health: { state: 'ok' } })
  t.equal((await ask(admin, 'POST', '/v1/retention/runs', {})).body.state, 'done')
  t.match((await ask(admin, 'GET', '/v1/audit/verify')).body, { whole: true })
  const access = await ask(admin, 'POST', '/v1/persons/access', { phone: courierNumber, proof: { kind: 'declared', reason: 'at the desk' }, reason: 'a letter' })
  t.match(access.body, { state: 'done', result: { access: { calls: [{ role: 'courier' }] } } })
  t.same(findNumber(play.courier.seen, customerNumber), [])
})

t.test('its key ends, and with it what it was good for', async (t) => {
  const { id, key } = (await play.api('POST', '/v1/shops/bakery/keys', { label: 'guest', roles: ['auditor'] })).body as { id: string, key: string }
  t.equal((await ask(key, 'GET', '/v1/retention')).status, 200)
  t.equal((await play.api('DELETE', `/v1/shops/bakery/keys/${id}`)).status, 200)
  t.equal((await ask(key, 'GET', '/v1/retention')).status, 401)
  t.notMatch(play.logged(), new RegExp(key.slice(-43)))
})
