import t from 'tap'
import { testApi } from '../support.js'

const hook = { url: 'https://shop.example/maskline', events: ['call.ended', 'call.missed'] }

t.test('set, read, change, remove; the secret is shown once', async (t) => {
  const { send } = await testApi(t)
  t.equal((await send('GET', '/v1/webhooks')).json<{ code: string }>().code, 'webhook_not_found')
  const first = (await send('PUT', '/v1/webhooks', hook)).json<Record<string, unknown>>()
  t.match(first, { ...hook, gate: null, queue: { waiting: 0, retrying: 0, dead: 0 }, secret: /^whsec_/ })
  const gate = { url: 'https://shop.example/gate', timeoutMs: 500, onFailure: 'allow' }
  const second = (await send('PUT', '/v1/webhooks', { ...hook, gate })).json<Record<string, unknown>>()
  t.match(second, { gate })
  t.notOk('secret' in second, 'not again')
  t.notOk('secret' in (await send('GET', '/v1/webhooks')).json<object>())
  const rotated = (await send('POST', '/v1/webhooks/secret')).json<{ secret: string }>()
  t.match(rotated, { secret: /^whsec_/, formerUntil: /Z$/ })
  t.not(rotated.secret, first.secret)
  t.equal((await send('GET', '/v1/webhooks', undefined, { key: 'k'.repeat(20) })).statusCode, 401)
  t.equal((await send('DELETE', '/v1/webhooks')).statusCode, 204)
  t.equal((await send('DELETE', '/v1/webhooks')).statusCode, 404)
  t.equal((await send('POST', '/v1/webhooks/secret')).statusCode, 404)
  t.equal((await send('POST', '/v1/webhooks/test')).statusCode, 404)
  const { entries } = (await send('GET', '/v1/audit?action=webhook.change')).json<{ entries: { scope: string }[] }>()
  t.same(entries.map(({ scope }) => scope).slice(-3).reverse().at(0), '2 kinds of events')
  t.notMatch(JSON.stringify(entries), 'shop.example')
})

t.test('addresses that must not be called, and bodies that make no sense', async (t) => {
  const { send } = await testApi(t)
  for (const url of ['http://shop.example/', 'https://127.0.0.1/', 'https://10.0.0.1/x', 'https://[::1]/', 'https://169.254.169.254/latest', 'https://0x7f000001/', 'https://2130706433/']) {
    const answer = await send('PUT', '/v1/webhooks', { ...hook, url })
    t.match(answer.json(), { status: 422, code: 'webhook_address', field: 'url' }, url)
    t.notOk(answer.body.includes(url), 'the address is not repeated')
    t.match((await send('PUT', '/v1/webhooks', { ...hook, gate: { url, timeoutMs: 500, onFailure: 'allow' } })).json(), { code: 'webhook_address', field: 'gate.url' })
  }
  for (const body of [{}, { ...hook, url: 'ftp://shop.example' }, { ...hook, events: ['call.nothing'] }, { ...hook, events: ['call.ended', 'call.ended'] }, { ...hook, gate: { url: hook.url, timeoutMs: 5, onFailure: 'allow' } }, { ...hook, secret: 'mine' }]) {
    t.equal((await send('PUT', '/v1/webhooks', body)).statusCode, 422, JSON.stringify(body))
  }
})

t.test('what is not there can neither be sent again nor discarded', async (t) => {
  const { send } = await testApi(t)
  t.same((await send('GET', '/v1/webhooks/failed')).json(), { events: [] })
  for (const id of ['msg_bbbbbbbbbbbbbbbbbbbb', 'msg_x', '..%2Fx']) {
    t.equal((await send('POST', `/v1/webhooks/failed/${id}/redeliver`)).statusCode, 404, id)
    t.equal((await send('DELETE', `/v1/webhooks/failed/${id}`)).statusCode, 404, id)
  }
})

t.test('all that was given up is sent again, in the order in which it died, and nothing of another shop', async (t) => {
  const { send, access, webhooks } = await testApi(t)
  const lane = 'demo-bcdfghjkmnpqrstvwxyz'
  const ids = Array.from('bcd', (letter) => `msg_${letter.repeat(20)}`)
  // Of one delivery; the one with the last name died first.
  const die = async (shopId: string, id: string, at: number): Promise<void> => {
    await webhooks.queue.push(shopId, { id, lane, at, body: JSON.stringify({ type: 'call.missed', timestamp: new Date(at).toISOString(), data: { deliveryId: lane } }) })
    await webhooks.queue.settle({ id, shopId, lane, body: '', tries: 0 }, 'dead', 0, { reason: 'timeout' })
  }
  for (const id of [...ids].reverse()) {
    const before = Date.now()
    while (Date.now() === before) await send('GET', '/v1/me')
    await die('one', id, Date.now())
  }
  await die('two', ids[0]!, Date.now())
  for (const role of ['auditor', 'app', 'operator'] as const) {
    const { key } = await access.keys.create('one', { label: role, roles: [role] }, 'bootstrap')
    t.equal((await send('POST', '/v1/webhooks/failed/redeliver', undefined, { key })).statusCode, 403, role)
  }
  t.equal(await webhooks.queue.reviveOldest('one', 2), 2, 'no more than were asked for')
  t.match(await webhooks.queue.dead('one', 10), [{ id: ids[0] }])
  const answer = await send('POST', '/v1/webhooks/failed/redeliver')
  t.strictSame([answer.statusCode, answer.json()], [202, { sentAgain: 1, left: 0 }])
  t.strictSame((await send('POST', '/v1/webhooks/failed/redeliver')).json(), { sentAgain: 0, left: 0 })
  t.match((await send('GET', '/v1/audit?action=webhook.change')).json(), { entries: [{ scope: '0 events sent again' }, { scope: '1 events sent again' }] })
  for (const id of [...ids].reverse()) {
    const [head] = await webhooks.queue.claim('one', 5)
    t.equal(head?.id, id, 'what died first is sent first')
    await webhooks.queue.settle(head!, 'sent', 0)
  }
  t.match(await webhooks.queue.state('two'), { waiting: 0, dead: 1 })
})

t.test('what nobody took is seen with the reason, sent again or discarded; an auditor sees neither paths nor deliveries', async (t) => {
  const { send, access, webhooks } = await testApi(t)
  const { key } = await access.keys.create('one', { label: 'audit', roles: ['auditor'] }, 'bootstrap')
  // Before there is an address, so that nobody tries to send them.
  const at = Date.now()
  for (const [id, deliveryId] of [['msg_bbbbbbbbbbbbbbbbbbbb', 'demo-bcdfghjkmnpqrstvwxyz'], ['msg_cccccccccccccccccccc', undefined]] as const) {
    const lane = deliveryId ?? 'shop'
    await webhooks.queue.push('one', { id, lane, at, body: JSON.stringify({ type: 'call.missed', timestamp: new Date(at).toISOString(), data: { deliveryId } }) })
    await webhooks.queue.settle({ id, shopId: 'one', lane, body: '', tries: 0 }, 'dead', 0, { reason: 'status', status: 503 })
  }
  await send('PUT', '/v1/webhooks', { ...hook, url: 'https://shop.example:8443/zqtoken?x=zqtoken', gate: { url: 'https://zquser:zqtoken@gate.example/', timeoutMs: 500, onFailure: 'deny' } })
  t.match((await send('GET', '/v1/webhooks')).json(), { url: /zqtoken/, queue: { waiting: 0, retrying: 0, dead: 2 } })
  const { events } = (await send('GET', '/v1/webhooks/failed')).json<{ events: { id: string }[] }>()
  t.match(events.find(({ id }) => id.startsWith('msg_b')), { type: 'call.missed', deliveryId: 'demo-bcdfghjkmnpqrstvwxyz', tries: 1, reason: 'status', status: 503, gaveUpAt: /Z$/ })
  t.notOk('deliveryId' in events.find(({ id }) => id.startsWith('msg_c'))!, 'about the shop as a whole')

  const seen = (await send('GET', '/v1/webhooks', undefined, { key })).json<object>()
  t.match(seen, { url: 'https://shop.example:8443/', gate: { url: 'https://gate.example/' } })
  const list = await send('GET', '/v1/webhooks/failed', undefined, { key })
  t.equal(list.json<{ events: unknown[] }>().events.length, 2)
  t.notMatch(JSON.stringify(seen) + list.body, /zq|demo-/)
  t.equal((await send('DELETE', `/v1/webhooks/failed/${events[0]!.id}`, undefined, { key })).statusCode, 403)

  t.equal((await send('DELETE', '/v1/webhooks/failed/msg_bbbbbbbbbbbbbbbbbbbb')).statusCode, 204)
  t.equal((await send('DELETE', '/v1/webhooks/failed/msg_bbbbbbbbbbbbbbbbbbbb')).statusCode, 404)
  t.match((await send('GET', '/v1/audit?action=webhook.change')).json(), { entries: [{ scope: 'msg_bbbbbbbbbbbbbbbbbbbb discarded' }] })
  await send('DELETE', '/v1/webhooks')
  t.equal((await send('POST', '/v1/webhooks/failed/msg_cccccccccccccccccccc/redeliver')).statusCode, 202)
  t.match((await send('GET', '/v1/audit?action=webhook.change')).json(), { entries: [{ scope: 'msg_cccccccccccccccccccc sent again' }] })
  t.same(await webhooks.queue.state('one'), { waiting: 1, retrying: 0, dead: 0 }, 'and waits until events have somewhere to go')
})
