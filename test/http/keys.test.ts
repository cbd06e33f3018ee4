import t from 'tap'
import type { KeyAnswer, NewKeyAnswer } from '../../src/http/access-schemas.js'
import type { Problem } from '../../src/http/errors.js'
import type { AuditEntry } from '../../src/record/audit/types.js'
import { keys, testApi } from './support.js'

const { send, audit, logged } = await testApi(t)
const label = 'order system'

async function made(body: Record<string, unknown>, key = keys.one): Promise<NewKeyAnswer> {
  const answer = await send('POST', '/v1/keys', { label, ...body }, { key })
  t.equal(answer.statusCode, 201, 'made')
  return answer.json<NewKeyAnswer>()
}
const newest = async (shopId = 'one'): Promise<AuditEntry> => (await audit.list(shopId, { limit: 1 })).entries[0]!
const list = async (key = keys.one): Promise<KeyAnswer[]> => (await send('GET', '/v1/keys', undefined, { key })).json<{ keys: KeyAnswer[] }>().keys

t.test('a key is made, works, and is shown once', async (t) => {
  const { key, id } = await made({ roles: ['app'] })
  t.match((await send('GET', '/v1/me', undefined, { key })).json(), { shopId: 'one', shopName: 'One', keyId: id, roles: ['app'], language: 'en' })
  t.equal((await send('GET', '/v1/calls', undefined, { key })).statusCode, 200)
  t.equal((await send('GET', '/v1/keys', undefined, { key })).statusCode, 403)
  t.match(await list(), [{ id, label, roles: ['app'], state: 'live', createdBy: 'bootstrap' }])
  t.notOk((await send('GET', '/v1/keys')).body.includes(key.slice(-43)))
  t.match((await audit.list('one', { limit: 10, action: 'key.create' })).entries[0], { actor: { id: 'bootstrap' }, scope: `${id} as app`, result: 'done' })
  t.notOk(logged().includes(key.slice(-43)))
})

t.test('a key is rotated and revoked', async (t) => {
  const old = await made({ roles: ['admin'] })
  const next = (await send('POST', `/v1/keys/${old.id}/rotate`, { graceSeconds: 0 })).json<NewKeyAnswer>()
  t.match(next, { label, roles: ['admin'], state: 'live' })
  t.match(await newest(), { action: 'key.rotate', scope: `${old.id} to ${next.id}` })
  t.equal((await send('GET', '/v1/me', undefined, { key: old.key })).statusCode, 401)
  t.equal((await send('GET', '/v1/me', undefined, { key: next.key })).statusCode, 200)
  t.equal((await send('POST', `/v1/keys/${old.id}/rotate`, {})).json<Problem>().code, 'key_ended')

  const answer = await send('DELETE', `/v1/keys/${next.id}`)
  t.match(answer.json(), { id: next.id, state: 'revoked' })
  t.match(await newest(), { action: 'key.revoke', scope: next.id })
  t.equal((await send('GET', '/v1/me', undefined, { key: next.key })).statusCode, 401)
  t.equal((await send('DELETE', `/v1/keys/${next.id}`)).statusCode, 200, 'once more')

  const byDefault = await made({ roles: ['app'] })
  await send('POST', `/v1/keys/${byDefault.id}/rotate`, {})
  const left = Date.parse((await list()).find(({ id }) => id === byDefault.id)!.expiresAt!) - Date.now()
  t.ok(left > 86_000_000 && left <= 86_400_000, 'a day of grace')
})

t.test('keys of another shop are as unknown as those that do not exist', async (t) => {
  const { id } = await made({ roles: ['app'] }, keys.two)
  for (const [method, url] of [['DELETE', '/v1/keys/ID'], ['POST', '/v1/keys/ID/rotate']] as const) {
    const foreign = await send(method, url.replace('ID', id), method === 'POST' ? {} : undefined)
    const unknown = await send(method, url.replace('ID', 'bcdfghjkmnpqrstv'), method === 'POST' ? {} : undefined)
    t.equal(foreign.statusCode, 404)
    t.equal(foreign.json<Problem>().code, 'key_not_found')
    t.equal(foreign.body, unknown.body)
  }
  t.notOk((await list()).some((key) => key.id === id))
  for (const id of ['bootstrap', '__proto__', 'a'.repeat(99), '%20', '*']) t.equal((await send('DELETE', `/v1/keys/${id}`)).statusCode, 404, id)
})

t.test('nobody but an operator gives, takes over or ends an operator\'s key', async (t) => {
  const admin = await made({ roles: ['admin', 'app'] })
  const operator = await made({ roles: ['operator'] })
  const as = { key: admin.key }
  for (const [method, url, body] of [
    ['POST', '/v1/keys', { label, roles: ['operator'] }],
    ['POST', '/v1/keys', { label, roles: ['app', 'operator'] }],
    ['POST', `/v1/keys/${operator.id}/rotate`, {}],
    ['DELETE', `/v1/keys/${operator.id}`, undefined]
  ] as const) {
    const answer = await send(method, url, body, as)
    t.match(answer.json(), { status: 403, code: 'forbidden' }, `${method} ${url}`)
  }
  t.equal((await send('POST', '/v1/keys', { label, roles: ['auditor', 'admin'] }, as)).statusCode, 201)
  t.equal((await send('GET', '/v1/me', undefined, { key: operator.key })).statusCode, 200)
})

t.test('a label with personal data, and what else is wrong', async (t) => {
  const right = { label, roles: ['app'] }
  for (const [body, field] of [
    [{ ...right, label: '' }, 'label'], [{ ...right, label: '   ' }, 'label'], [{ ...right, label: 'x'.repeat(61) }, 'label'], [{ ...right, label: 'a\nb' }, 'label'],
    [{ ...right, label: 'Mari +46701740605' }, 'label'], [{ ...right, label: '070 174 06 05' }, 'label'], [{ ...right, label: 'mari@example.com' }, 'label'],
    [{ ...right, roles: [] }, 'roles'], [{ ...right, roles: ['app', 'app'] }, 'roles'], [{ ...right, roles: ['root'] }, 'roles.0'], [{ ...right, roles: 'app' }, 'roles'],
    [{ ...right, expiresAt: 'tomorrow' }, 'expiresAt'], [{ ...right, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ ...right, id: 'mine' }, 'id'], [{ ...right, shopId: 'two' }, 'shopId'], [{ roles: ['app'] }, 'label'], [{ label }, 'roles']
  ] as const) {
    t.match((await send('POST', '/v1/keys', body)).json(), { status: 422, field }, JSON.stringify(body))
  }
  const { id } = await made({ roles: ['app'] })
  for (const graceSeconds of [-1, 1.5, 604_801, '60', null]) t.match((await send('POST', `/v1/keys/${id}/rotate`, { graceSeconds })).json(), { status: 422, field: 'graceSeconds' })
})

t.test('what cannot be audited is not answered', async (t) => {
  const { send } = await testApi(t, { audit: { ...audit, append: () => Promise.reject(new Error('no trail')) } })
  const answer = await send('POST', '/v1/keys', { label, roles: ['app'] })
  t.equal(answer.statusCode, 500)
  t.notMatch(answer.body, /mk_/)
})
