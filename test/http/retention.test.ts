import t from 'tap'
import { canonicalJson } from '../../src/record/canonical.js'
import { verifySigned } from '../../src/record/signing.js'
import type { RetentionAnswer, RunAnswer } from '../../src/http/retention-schemas.js'
import type { CallStart } from '../../src/record/types.js'
import { newId } from '../../src/ids.js'
import { classNames } from '../../src/record/retention/types.js'
import type { Role } from '../../src/shop/access.js'
import { keys, order, testApi } from './support.js'

const day = 86_400
const { send, journal, audit } = await testApi(t)
const reason = 'Yearly review'
const put = (body: unknown): ReturnType<typeof send> => send('PUT', '/v1/retention', body)
const classOf = ({ classes }: RetentionAnswer, name: string): RetentionAnswer['classes'][number] => classes.find((one) => one.name === name)!
const actions = async (): Promise<string[]> => (await audit.list('one', { limit: 100 })).entries.map(({ action }) => action)

/** A call of a delivery, ended; days ago. */
async function called(deliveryId: string, days = 0, shopId = 'one'): Promise<void> {
  const startedAt = Date.now() - days * day * 1000
  const call: CallStart = { id: newId(), shopId, deliveryId, reference: 'canary', startedBy: 'courier', phones: {}, startedAt }
  await journal.open(call)
  await journal.finish(call, { at: startedAt + 1000, result: 'client_error', reason: 'busy' })
}

t.test('the table of classes, complete', async (t) => {
  const answer = await send('GET', '/v1/retention')
  t.equal(answer.statusCode, 200)
  const body = answer.json<RetentionAnswer>()
  t.same(body.classes.map(({ name }) => name).sort(), [...classNames].sort())
  t.match(classOf(body, 'record'), { periodSeconds: 30 * day, defaultSeconds: 30 * day, maximumSeconds: 90 * day, minimumSeconds: day, legalBasis: 'legitimate_interest', startEvent: 'start of the call', canBeOff: false })
  t.match(classOf(body, 'recording'), { periodSeconds: null, defaultSeconds: null, maximumSeconds: 30 * day, canBeOff: true })
  t.same(body.health, { state: 'ok', failures: 0 })
  t.ok((await actions()).includes('retention.read'), 'looking at it is noted')
})

t.test('G10 what is wrong is refused with a stable code and its field', async (t) => {
  const wrong: [unknown, string][] = [
    [{ reason, periods: { record: 0 } }, 'periods.record'],
    [{ reason, periods: { record: -1 } }, 'periods.record'],
    [{ reason, periods: { record: 86_400.5 } }, 'periods.record'],
    [{ reason, periods: { record: 1e300 } }, 'periods.record'],
    [{ reason, periods: { record: 90 * day + 1 } }, 'periods.record'],
    [{ reason, periods: { record: '86400' } }, 'periods.record'],
    [{ reason, periods: { record: null } }, 'periods.record'],
    [{ reason, periods: { record: true } }, 'periods.record'],
    [{ reason, periods: { quarantine: 0 } }, 'periods.quarantine'],
    [{ reason, periods: { audit: day } }, 'periods.audit'],
    [{ reason, periods: { statutory: 100 * day } }, 'statutoryBasis'],
    [{ reason, periods: { nothing: day } }, 'periods.nothing'],
    [{ reason, periods: {} }, 'periods'],
    [{ reason }, 'periods'],
    [{ periods: { record: 7 * day } }, 'reason'],
    [{ reason: '    ', periods: { record: 7 * day } }, 'reason'],
    [{ reason: 'asked by 0701740605', periods: { record: 7 * day } }, 'reason'],
    [{ reason: 'x'.repeat(301), periods: { record: 7 * day } }, 'reason']
  ]
  for (const [body, field] of wrong) t.match((await put(body)).json(), { status: 422, code: 'request_invalid', field }, JSON.stringify(body).slice(0, 80))
  for (const at of ['yesterday', '2001-01-01T00:00:00Z', '2999-01-01T00:00:00Z']) t.match((await send('GET', `/v1/retention?at=${at}`)).json(), { code: 'request_invalid', field: 'at' }, at)
  t.same((await send('GET', '/v1/retention/changes')).json(), { changes: [] })
})

t.test('a change, its history, and the state before and after it', async (t) => {
  const before = new Date().toISOString()
  t.equal((await send('POST', '/v1/retention/runs')).statusCode, 200)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const between = new Date().toISOString()
  await new Promise((resolve) => setTimeout(resolve, 5))
  const answer = await put({ reason, periods: { record: 14 * day, quarantine: 7200 } })
  t.equal(answer.statusCode, 200)
  t.match(classOf(answer.json(), 'record'), { periodSeconds: 14 * day, reviewedAt: /Z$/ })
  t.match((await send('GET', '/v1/retention/changes')).json<{ changes: unknown[] }>().changes, [
    { name: 'record', from: 30 * day, to: 14 * day, reason, actorId: /^[a-z]+$/, at: /Z$/ },
    { name: 'quarantine', from: day, to: 7200 }
  ])
  const then = (await send('GET', `/v1/retention?at=${between}`)).json<RetentionAnswer>()
  t.equal(then.at, between)
  t.equal(classOf(then, 'record').periodSeconds, 30 * day)
  t.match((await send('GET', `/v1/retention?at=${before}`)).json(), { field: 'at' })
  t.match((await send('GET', '/v1/settings')).json(), { quarantineSeconds: 7200 }, 'the quarantine is the setting of the shop')
  t.equal(classOf((await send('GET', '/v1/retention', undefined, { key: keys.two })).json(), 'record').periodSeconds, 30 * day, 'of this shop alone')
})

t.test('the setting of the shop is the period of the class, with its history', async (t) => {
  const answer = await send('PATCH', '/v1/settings', { quarantineSeconds: 10_800, hint: true })
  t.match(answer.json(), { quarantineSeconds: 10_800, hint: true })
  t.equal(classOf((await send('GET', '/v1/retention')).json(), 'quarantine').periodSeconds, 10_800)
  t.match((await send('GET', '/v1/retention/changes')).json<{ changes: unknown[] }>().changes.at(-1), { name: 'quarantine', from: 7200, to: 10_800, reason: 'Changed with the settings of the shop' })
  for (const quarantineSeconds of [0, 59, -1, 2_592_001, 60.5]) t.match((await send('PATCH', '/v1/settings', { quarantineSeconds })).json(), { code: 'request_invalid', field: 'quarantineSeconds' })
})

t.test('a line lives no longer than the class of the mapping allows', async (t) => {
  t.equal((await put({ reason, periods: { mapping: 3600 } })).statusCode, 200)
  t.match((await send('POST', '/v1/deliveries', order({ ttlSeconds: 3601 }))).json(), { code: 'expiry_invalid', field: 'ttlSeconds' })
  const made = (await send('POST', '/v1/deliveries', order({ ttlSeconds: 3000 }))).json<{ id: string, createdAt: string }>()
  t.match((await send('PATCH', `/v1/deliveries/${made.id}`, { ttlSeconds: 3601 })).json(), { code: 'expiry_invalid', field: 'ttlSeconds' })
  const end = new Date(Date.parse(made.createdAt) + 3_600_000)
  t.match((await send('PATCH', `/v1/deliveries/${made.id}`, { expiresAt: end.toISOString() })).json(), { expiresAt: end.toISOString() })
  t.match((await send('PATCH', `/v1/deliveries/${made.id}`, { expiresAt: new Date(end.getTime() + 1).toISOString() })).json(), { code: 'expiry_invalid', field: 'expiresAt' }, 'counted from its beginning')
})

t.test('a run by hand deletes what is due and is proved', async (t) => {
  await called('demo-bbbbbbbbbbbbbbbbbbbb', 20)
  await called('demo-cccccccccccccccccccc', 1)
  const run = (await send('POST', '/v1/retention/runs', {})).json<RunAnswer>()
  t.match(run, { shopId: 'one', cause: 'hand', state: 'done' })
  t.match(run.classes.find(({ name }) => name === 'record'), { due: 1, deleted: 1, keysDestroyed: 1, nextDue: /Z$/ })
  const list = (await send('GET', '/v1/retention/runs?limit=1')).json<{ publicKey: string, runs: RunAnswer[] }>()
  t.same(list.runs, [run])
  const { signature, ...report } = run
  t.equal(verifySigned(list.publicKey, report, signature), true, 'with nothing but what the API tells')
  t.equal(verifySigned(list.publicKey, JSON.parse(canonicalJson({ ...report, state: 'failed' })), signature), false)
  const now = (await send('GET', '/v1/retention')).json<RetentionAnswer>()
  t.match(now.health, { state: 'ok', lastRunAt: run.startedAt })
  t.match(classOf(now, 'record'), { oldestLeft: /Z$/, nextDue: /Z$/ })
  t.ok((await actions()).includes('retention.run') && (await actions()).includes('key.destroyed'))
  for (const limit of ['0', '501', 'x']) t.match((await send('GET', `/v1/retention/runs?limit=${limit}`)).json(), { code: 'request_invalid', field: 'limit' })
  t.match((await send('POST', '/v1/retention/runs', { confirmClock: true })).json(), { code: 'request_invalid', field: 'reason' })
})

t.test('G15 a hold by a delivery: kept, not shown, ended by hand', async (t) => {
  const deliveryId = 'demo-dddddddddddddddddddd'
  await called(deliveryId, 10)
  t.equal((await send('GET', `/v1/deliveries/${deliveryId}/calls`)).json<{ calls: unknown[] }>().calls.length, 1)
  const endsAt = new Date(Date.now() + 30 * day * 1000).toISOString()
  const body = { deliveryId, reason: 'Claim 2026-114', endsAt }
  const made = await send('POST', '/v1/holds', body, { headers: { 'idempotency-key': 'hold-1' } })
  t.equal(made.statusCode, 201)
  const { id } = made.json<{ id: string }>()
  t.match(made.json(), { kind: 'hold', deliveryId, reason: 'Claim 2026-114', endsAt, authorId: /^[a-z]+$/ })
  t.same((await send('POST', '/v1/holds', body, { headers: { 'idempotency-key': 'hold-1' } })).json(), made.json(), 'once')
  t.same((await send('GET', '/v1/holds')).json(), { holds: [made.json()] })
  t.equal((await send('GET', `/v1/deliveries/${deliveryId}/calls`)).statusCode, 404)
  t.equal((await send('POST', '/v1/holds', { ...body, kind: 'restriction' })).statusCode, 201, 'again, although nobody sees it')
  await put({ reason, periods: { record: 5 * day } })
  const run = (await send('POST', '/v1/retention/runs')).json<RunAnswer>()
  t.match(run.classes.find(({ name }) => name === 'record'), { held: 1 })
  t.same((await send('GET', '/v1/holds', undefined, { key: keys.two })).json(), { holds: [] })
  t.match((await send('DELETE', `/v1/holds/${id}`, { reason }, { key: keys.two })).json(), { code: 'hold_not_found' })
  t.match((await send('DELETE', `/v1/holds/${id}`, { reason: ' ' })).json(), { code: 'request_invalid', field: 'reason' })
  for (const hold of (await send('GET', '/v1/holds')).json<{ holds: { id: string }[] }>().holds) t.equal((await send('DELETE', `/v1/holds/${hold.id}`, { reason })).statusCode, 204)
  t.match((await send('DELETE', `/v1/holds/${id}`, { reason })).json(), { code: 'hold_not_found' })
  t.match((await send('POST', '/v1/retention/runs')).json<RunAnswer>().classes.find(({ name }) => name === 'record'), { held: 0, deleted: 1 })
  for (const action of ['persons.hold', 'persons.restrict', 'persons.release']) t.ok((await actions()).includes(action), action)
})

t.test('holds that are none', async (t) => {
  const live = (await send('POST', '/v1/deliveries', order({ reference: 'held', courier: { phone: '+46701740610' }, customer: { phone: '+46701740611' }, ttlSeconds: 600 }))).json<{ id: string }>()
  const endsAt = new Date(Date.now() + day * 1000).toISOString()
  const right = { deliveryId: live.id, reason, endsAt }
  const wrong: [unknown, string, string?][] = [
    [{ ...right, deliveryId: 'demo-zzzzzzzzzzzzzzzzzzzz' }, 'delivery_not_found'],
    [{ ...right, deliveryId: '../x' }, 'delivery_not_found'],
    [{ ...right, reason: '' }, 'request_invalid', 'reason'],
    [{ ...right, reason: 'of +46701740605' }, 'request_invalid', 'reason'],
    [{ ...right, endsAt: 'soon' }, 'request_invalid', 'endsAt'],
    [{ ...right, endsAt: '2001-01-01T00:00:00Z' }, 'request_invalid', 'endsAt'],
    [{ ...right, endsAt: '2999-01-01T00:00:00Z' }, 'request_invalid', 'endsAt'],
    [{ ...right, kind: 'joke' }, 'request_invalid', 'kind'],
    [{ deliveryId: live.id, reason }, 'request_invalid', 'endsAt']
  ]
  for (const [body, code, field] of wrong) t.match((await send('POST', '/v1/holds', body)).json(), { code, ...(field === undefined ? {} : { field }) }, JSON.stringify(body))
  t.equal((await send('POST', '/v1/holds', right)).statusCode, 201, 'a delivery without calls can be held in advance')
  for (const id of ['x', 'zzzzzzzzzzzzzzzzzzzz', '+46']) t.match((await send('DELETE', `/v1/holds/${id}`, { reason })).json(), { code: 'hold_not_found' })
})

t.test('a run that takes long is answered before it ends', async (t) => {
  const { send, retention } = await testApi(t, {}, (config) => ({ ...config, http: { ...config.http, requestTimeoutMs: 1000 } }))
  const { runner } = retention
  const real = runner.run.bind(runner)
  runner.run = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 900))
    return real(...args)
  }
  const answer = await send('POST', '/v1/retention/runs')
  t.equal(answer.statusCode, 202)
  t.same(answer.json(), { state: 'running' })
  while ((await send('GET', '/v1/retention/runs')).json<{ runs: unknown[] }>().runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
})

t.test('a clock that is not trusted, and another run under way', async (t) => {
  const { send, store } = await testApi(t)
  await store.hset('ret:{shop.one}:state', { seen: Date.now() - 100 * day * 1000 })
  t.match((await send('POST', '/v1/retention/runs')).json(), { status: 409, code: 'clock_untrusted' })
  t.match((await send('GET', '/v1/retention')).json<RetentionAnswer>().health, { state: 'failing', reason: 'clock_jumped' })
  t.match((await send('POST', '/v1/retention/runs', { confirmClock: true, reason: 'Closed for the winter' })).json(), { state: 'done' })
  await store.set('ret:{shop.one}:lock', '1')
  t.match((await send('POST', '/v1/retention/runs')).json(), { status: 409, code: 'retention_running', retryAfter: 5 })
})

t.test('G19 an auditor sees settings and proof and changes nothing; an app sees neither; an operator answers for the clock', async (t) => {
  const { send, access } = await testApi(t)
  const keyOf = async (role: Role): Promise<string> => (await access.keys.create('one', { label: role, roles: [role] }, 'test')).key
  const seen = async (role: Role, method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<number> => (await send(method, path, body, { key: await keyOf(role) })).statusCode
  for (const path of ['/v1/retention', '/v1/retention/changes', '/v1/retention/runs', '/v1/holds']) {
    t.equal(await seen('auditor', 'GET', path), 200, path)
    t.equal(await seen('app', 'GET', path), 403, path)
  }
  t.equal(await seen('auditor', 'GET', '/v1/calls'), 403)
  for (const role of ['auditor', 'app', 'operator'] as const) {
    t.equal(await seen(role, 'PUT', '/v1/retention', { reason, periods: { record: 7 * day } }), 403)
    t.equal(await seen(role, 'POST', '/v1/retention/runs'), 403)
    t.equal(await seen(role, 'POST', '/v1/holds', {}), 403)
    t.equal(await seen(role, 'DELETE', '/v1/holds/zzzzzzzzzzzzzzzzzzzz', { reason }), 403)
  }
  t.equal(await seen('operator', 'POST', '/v1/retention/clock', { reason }), 204)
  t.equal(await seen('admin', 'POST', '/v1/retention/clock', { reason }), 403)
})
