import t from 'tap'
import type { KeyAnswer, NewKeyAnswer, ShopAnswer } from '../../src/http/access-schemas.js'
import { keys, order, testApi } from './support.js'

const { send, audit } = await testApi(t)
const bakery = { id: 'bakery', name: 'Corner bakery', pool: 'demo', country: 'EE', language: 'et' }

t.test('an operator makes a shop and its first key, and the shop works', async (t) => {
  const answer = await send('POST', '/v1/shops', bakery)
  t.equal(answer.statusCode, 201, answer.body)
  t.equal(answer.headers.location, '/v1/shops/bakery')
  t.same(answer.json(), { ...bakery, from: 'api' })
  t.same((await send('GET', '/v1/shops/bakery')).json(), { ...bakery, from: 'api' })
  t.match((await send('GET', '/v1/shops')).json<{ shops: ShopAnswer[] }>().shops.map(({ id, from }) => `${id} ${from}`), ['one configuration', 'two configuration', 'bakery api'])

  const admin = (await send('POST', '/v1/shops/bakery/keys', { label: 'first', roles: ['admin'] })).json<NewKeyAnswer>()
  const as = { key: admin.key }
  t.match((await send('GET', '/v1/me', undefined, as)).json(), { shopId: 'bakery', shopName: 'Corner bakery', roles: ['admin'] })
  const delivery = await send('POST', '/v1/deliveries', order(), as)
  t.equal(delivery.statusCode, 201, delivery.body)
  t.equal((await send('GET', `/v1/deliveries/${delivery.json<{ id: string }>().id}`)).statusCode, 404, 'not for other shops')
  t.match((await send('GET', '/v1/keys', undefined, as)).json(), { keys: [{ id: admin.id, createdBy: 'bootstrap' }] }, 'the shop sees who made it')
  t.match((await send('GET', '/v1/audit', undefined, as)).json<{ entries: { action: string, actorId: string }[] }>().entries.map(({ action, actorId }) => `${action} ${actorId}`), ['key.create bootstrap', 'shop.create bootstrap'])

  t.match((await send('GET', '/v1/shops/bakery/keys')).json<{ keys: KeyAnswer[] }>().keys, [{ id: admin.id, state: 'live' }])
  t.match((await send('DELETE', `/v1/shops/bakery/keys/${admin.id}`)).json(), { state: 'revoked' })
  t.equal((await send('GET', '/v1/me', undefined, as)).statusCode, 401)
  t.match((await audit.list('system', { limit: 5 })).entries.map(({ action, scope }) => `${action} ${scope}`), [`key.revoke bakery: ${admin.id}`, `key.create bakery: ${admin.id} as admin`, 'shop.create bakery: shop bakery, pool demo'])
})

t.test('a shop is changed, but for its id and pool', async (t) => {
  await send('POST', '/v1/shops', { ...bakery, id: 'cafe' })
  t.match((await send('PATCH', '/v1/shops/cafe', { name: 'Café', country: 'SE', language: 'en' })).json(), { id: 'cafe', name: 'Café', country: 'SE', language: 'en', pool: 'demo' })
  t.match((await audit.list('cafe', { limit: 1 })).entries, [{ action: 'shop.change', scope: 'name country language' }])
  for (const body of [{}, { pool: 'demo' }, { id: 'other' }, { name: '' }, { name: '  ' }, { country: 'ee' }, { language: 'xx' }, { name: 'Call +46701740605' }]) {
    t.equal((await send('PATCH', '/v1/shops/cafe', body)).statusCode, 422, JSON.stringify(body))
  }
  t.match((await send('PATCH', '/v1/shops/one', { name: 'Uno' })).json(), { status: 409, code: 'shop_configured' })
  for (const id of ['nobody', 'constructor', '__proto__']) {
    t.match((await send('PATCH', `/v1/shops/${id}`, { name: 'x' })).json(), { status: 404, code: 'shop_not_found' })
    t.match((await send('GET', `/v1/shops/${id}/keys`)).json(), { status: 404, code: 'shop_not_found' })
    t.match((await send('POST', `/v1/shops/${id}/keys`, { label: 'x', roles: ['app'] })).json(), { status: 404, code: 'shop_not_found' })
  }
})

t.test('an id is given once; a repeated request is the same one', async (t) => {
  const body = { ...bakery, id: 'florist' }
  const headers = { 'idempotency-key': 'make-florist' }
  const first = await send('POST', '/v1/shops', body, { headers })
  const again = await send('POST', '/v1/shops', body, { headers })
  t.equal(first.statusCode, 201)
  t.equal(again.body, first.body)
  t.match((await send('POST', '/v1/shops', body)).json(), { status: 409, code: 'shop_exists', field: 'id' })
  t.match((await send('POST', '/v1/shops', { ...body, id: 'one' })).json(), { status: 409, code: 'shop_exists' })
})

t.test('what is no shop', async (t) => {
  const fresh = { ...bakery, id: 'fresh' }
  for (const [change, field] of [
    [{ id: '' }, 'id'], [{ id: 'Bakery' }, 'id'], [{ id: 'a'.repeat(17) }, 'id'], [{ id: 'a b' }, 'id'], [{ id: 'system' }, 'id'], [{ id: 'cli' }, 'id'], [{ id: 's46701740605' }, 'id'],
    [{ name: '' }, 'name'], [{ name: '\t' }, 'name'], [{ name: 'Mari 070 174 06 05' }, 'name'], [{ pool: 'nowhere' }, 'pool'], [{ country: 'Estonia' }, 'country'], [{ language: 'de' }, 'language'], [{ admin: true }, 'admin']
  ] as const) {
    t.match((await send('POST', '/v1/shops', { ...fresh, ...change })).json(), { status: 422, field }, JSON.stringify(change))
  }
  t.equal((await send('GET', '/v1/shops/fresh')).statusCode, 404)
})

t.test('an admin of a shop among several does not change their pool', async (t) => {
  const { key } = (await send('POST', '/v1/keys', { label: 'x', roles: ['admin'] })).json<NewKeyAnswer>()
  t.match((await send('POST', '/v1/numbers', { number: '+442079460019' }, { key })).json(), { status: 403 })
  t.match((await send('PATCH', '/v1/numbers/+442079460019', { state: 'draining' }, { key })).json(), { status: 403 })
  t.equal((await send('GET', '/v1/numbers', undefined, { key })).statusCode, 200)
  t.equal((await send('PATCH', '/v1/numbers/+442079460019', { state: 'draining' }, { key: keys.one })).statusCode, 200)

  const alone = await testApi(t, {}, (config) => ({ ...config, shops: [config.shops[0]!] }))
  const own = (await alone.send('POST', '/v1/keys', { label: 'x', roles: ['admin'] })).json<NewKeyAnswer>()
  t.equal((await alone.send('PATCH', '/v1/numbers/+442079460019', { state: 'draining' }, { key: own.key })).statusCode, 200, 'the pool is its own')
})
