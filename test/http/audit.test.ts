import t from 'tap'
import { isSignedHead, signHead, verifyChains } from '../../src/record/audit/export.js'
import { createSigner } from '../../src/record/signing.js'
import type { SignedHead } from '../../src/record/audit/export.js'
import type { AuditVerdict } from '../../src/record/audit/types.js'
import { courier, customer, keys, order, testApi, third } from './support.js'

interface Entry { seq: number, at: string, actorId: string, roles: string[], action: string, scope?: string, reason?: string, result: string, hash: string }
interface Page { entries: Entry[], next?: string }

t.test('G17 reads of calls, changes and looking at the trail stand in the trail; no number of a person', async (t) => {
  const { send, logged } = await testApi(t)
  const { id } = (await send('POST', '/v1/deliveries', order())).json<{ id: string }>()
  await send('GET', `/v1/deliveries/${id}/calls`)
  await send('GET', '/v1/calls')
  await send('PATCH', `/v1/deliveries/${id}`, { courier: { phone: third } })
  await send('POST', `/v1/deliveries/${id}/phones`, { party: 'customer', phone: '+46701740608' })
  await send('GET', `/v1/deliveries/${id}`)
  await send('DELETE', `/v1/deliveries/${id}`)
  await send('PATCH', '/v1/settings', { language: 'et', supportPhone: '+46701740609' })
  await send('GET', '/v1/audit/verify')
  await send('GET', '/v1/audit/head')
  const page = await send('GET', '/v1/audit')
  const { entries } = page.json<Page>()
  t.match(entries.map(({ action }) => action).reverse(), [
    'calls.read', 'calls.read', 'deliveries.change', 'deliveries.change', 'deliveries.read', 'deliveries.close', 'settings.change', 'audit.verify', 'audit.head'
  ])
  t.notOk(entries.some(({ action }) => action === 'deliveries.create'), 'asking for a line is its own record')
  t.match(entries.find(({ action }) => action === 'settings.change'), { scope: 'language, supportPhone', result: 'done', actorId: /^[A-Za-z]+$/ })
  for (const phone of [courier, customer, third, '+46701740608', '+46701740609']) {
    t.notOk(page.payload.includes(phone.slice(1)))
    t.notOk(logged().includes(phone.slice(1)))
  }
  t.match((await send('GET', '/v1/audit?limit=1')).json<Page>().entries, [{ action: 'audit.read', scope: /^9 entries/ }], 'and so does this')
})

t.test('pages, windows and one action', async (t) => {
  const { send, audit } = await testApi(t)
  for (let at = 0; at < 25; at++) await audit.append({ shopId: 'one', actor: { id: 'someone', roles: ['admin'] }, action: at % 5 === 0 ? 'numbers.change' : 'calls.read', result: 'done', scope: `n${at}` })
  const first = (await send('GET', '/v1/audit?limit=10')).json<Page>()
  const second = (await send('GET', `/v1/audit?limit=10&cursor=${first.next!}`)).json<Page>()
  t.same([...first.entries, ...second.entries].map(({ scope }) => scope), Array.from({ length: 20 }, (_, at) => `n${24 - at}`))
  t.equal((await send('GET', '/v1/audit?action=numbers.change')).json<Page>().entries.length, 5)
  t.same((await send('GET', '/v1/audit?to=2020-01-01T00:00:00Z')).json<Page>(), { entries: [] })
  for (const wrong of ['from=yesterday', 'limit=0', 'limit=501', 'cursor=1', 'action=x', 'from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z']) {
    t.match((await send('GET', `/v1/audit?${wrong}`)).json(), { code: 'request_invalid' }, wrong)
  }
})

t.test('a shop sees its own trail; admins and auditors do, apps do not', async (t) => {
  const { send, access } = await testApi(t)
  await send('GET', '/v1/calls')
  t.same((await send('GET', '/v1/audit', undefined, { key: keys.two })).json<Page>().entries, [])
  for (const [role, status] of [['auditor', 200], ['admin', 200], ['app', 403], ['operator', 403]] as const) {
    const { key } = await access.keys.create('one', { label: role, roles: [role] }, 'test')
    for (const path of ['/v1/audit', '/v1/audit/verify', '/v1/audit/head']) t.equal((await send('GET', path, undefined, { key })).statusCode, status, `${role} ${path}`)
  }
})

t.test('what a shop\'s own system does once for every delivery is not written down; what it reads is', async (t) => {
  const { send, access, audit } = await testApi(t)
  const { key } = await access.keys.create('one', { label: 'system', roles: ['app'] }, 'test')
  const { id } = (await send('POST', '/v1/deliveries', order(), { key })).json<{ id: string }>()
  await send('GET', `/v1/deliveries/${id}`, undefined, { key })
  await send('GET', `/v1/deliveries/${id}/calls`, undefined, { key })
  await send('DELETE', `/v1/deliveries/${id}`, undefined, { key })
  t.same((await audit.list('one', { limit: 9 })).entries.map(({ action }) => action), ['calls.read'])
})

t.test('the trail is verified, and its head signed for safe keeping outside', async (t) => {
  const { send, audit, store, keyRing } = await testApi(t)
  t.match((await send('GET', '/v1/audit/verify')).json(), { whole: true, checked: 0 })
  await send('GET', '/v1/calls')
  const head = (await send('GET', '/v1/audit/head')).json<SignedHead>()
  t.match(head, { shopId: 'one', seq: 3 })
  t.equal(isSignedHead(head.publicKey, head), true)
  t.equal(isSignedHead(head.publicKey, { ...head, seq: 4 }), false)
  const signer = await createSigner({ store, keyRing })
  t.equal(signer.publicKey, head.publicKey, 'one key for the installation')
  const forged = { ...head, hash: 'f'.repeat(32) }
  t.match(await verifyChains({ audit, signer, heads: [head, forged] }, ['one', 'two']), [{ shopId: 'one', whole: true, checked: 3, forgedHeads: 1 }, { shopId: 'two', whole: true, checked: 0, forgedHeads: 0 }])
  t.match(await verifyChains({ audit, signer, heads: [signHead(signer, { shopId: 'one', seq: 9, hash: 'a', at: 1 })] }, ['one']), [{ whole: false, fault: 'truncated' }])
  await store.hset('audith:{shop.one}', { hash: 'a'.repeat(32) })
  t.match((await send('GET', '/v1/audit/verify')).json(), { whole: false, fault: 'changed' })
})

t.test('a long trail is verified in the background: try again, and there is the verdict', async (t) => {
  const verdict: AuditVerdict = { whole: true, checked: 1_000_000, head: undefined }
  let end: (found: AuditVerdict) => void = () => undefined
  let walks = 0
  const { audit } = await testApi(t)
  const slow = { ...audit, verify: () => { walks++; return new Promise<AuditVerdict>((resolve) => { end = resolve }) } }
  const { send } = await testApi(t, { audit: slow }, (config) => ({ ...config, http: { ...config.http, requestTimeoutMs: 1000 } }))
  const waiting = await send('GET', '/v1/audit/verify')
  t.match(waiting.json(), { status: 503, code: 'deadline_exceeded', retryAfter: 2 })
  end(verdict)
  await new Promise((resolve) => setImmediate(resolve))
  t.match((await send('GET', '/v1/audit/verify')).json(), { whole: true, checked: 1_000_000 })
  t.equal(walks, 1)
})

t.test('what cannot be written down is not answered', async (t) => {
  const { audit } = await testApi(t)
  const { send } = await testApi(t, { audit: { ...audit, append: async () => { throw new (await import('../../src/errors.js')).MaskError('store_full') } } })
  for (const path of ['/v1/calls', '/v1/audit', '/v1/audit/verify', '/v1/audit/head']) t.equal((await send('GET', path)).statusCode, 503, path)
})
