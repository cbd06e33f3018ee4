import t from 'tap'
import { createRequests } from '../../../src/record/rights/requests.js'
import { MaskError } from '../../../src/errors.js'
import { everything } from '../support.js'
import { admin, courier, customer, dayMs, rightsStage } from './support.js'

const order = { shopId: 'one', actor: admin, kind: 'erasure', phone: courier, reason: 'a letter', proof: { kind: 'declared', reason: 'known at the desk' } } as const

t.test('requests are listed without their results, read with them, and gone after a day', async (t) => {
  const { ask, rights, pass, call, store } = await rightsStage(t)
  await call()
  const first = await ask('access')
  pass(1000)
  const second = await ask('export', customer)
  t.match(await rights.list('one'), [{ id: second.id, kind: 'export' }, { id: first.id, kind: 'access', state: 'done', actorId: admin.id, proof: 'declared' }])
  t.notOk((await rights.list('one')).some((one) => 'result' in one))
  t.equal((await rights.find('one', first.id)).result?.access?.calls.length, 1)
  await t.rejects(rights.find('two', first.id), { code: 'not_found' }, 'another shop\'s')
  t.same(await rights.list('two'), [])
  pass(dayMs)
  t.same(await rights.list('one'), [])
  t.ok(Number(await store.call('PTTL', `rights:{shop.one}:${first.id}`)) <= dayMs, 'and the store lets go of it by itself')
})

t.test('what a process that died has begun is ended by another one; the phone stays sealed, and goes', async (t) => {
  const { call, store, ring, time, anotherProcess, rights, log } = await rightsStage(t)
  await call()
  const requests = createRequests({ store, keyRing: ring, clock: () => time.now })
  const { id } = await requests.create(order)
  t.equal((await requests.read('one', id)).phone, courier)
  t.notOk((await everything(store)).includes(courier.slice(1)))
  t.equal(await anotherProcess().resume(), 1)
  t.match(await rights.find('one', id), { state: 'done', result: { erasure: { classes: [{}, {}, { name: 'record', erased: 1 }] } } })
  t.equal((await requests.read('one', id)).phone, undefined)
  t.equal((await log.list('one', { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 })).calls.length, 0)
  t.equal(await anotherProcess().resume(), 0, 'once')
})

t.test('two processes do not work on one request', async (t) => {
  const { store, ring, time, anotherProcess } = await rightsStage(t)
  const requests = createRequests({ store, keyRing: ring, clock: () => time.now })
  const { id } = await requests.create(order)
  const giveBack = (await requests.claim('one', id))!
  t.equal(await requests.claim('one', id), undefined)
  t.equal(await anotherProcess().resume(), 0)
  await giveBack()
  t.equal(await anotherProcess().resume(), 1)
})

t.test('a store that is away leaves a request to be tried again; a fault of ours ends it as failed', async (t) => {
  const { anotherProcess, rights, shelf, audit, call } = await rightsStage(t)
  await call()
  const away = anotherProcess({ shelf: { ...shelf, ofPerson: async () => { throw new MaskError('store_unavailable') } } })
  const { id, state } = await away.request(order)
  t.equal(state, 'running')
  t.equal(await rights.resume(), 1)
  t.match(await rights.find('one', id), { state: 'done' })
  const broken = anotherProcess({ lines: { ofPerson: async () => { throw new TypeError('a bug') }, forget: async () => false } })
  const failed = await broken.request(order)
  t.match(failed, { state: 'failed' })
  t.notOk('result' in failed)
  t.match((await audit.list('one', { limit: 1 })).entries, [{ action: 'persons.erase', result: 'failed' }])
})

t.test('a restriction that was made before the process died is not made twice', async (t) => {
  const { store, ring, time, anotherProcess, call, room } = await rightsStage(t)
  await call()
  const requests = createRequests({ store, keyRing: ring, clock: () => time.now })
  const kept = await requests.create({ ...order, kind: 'restriction' })
  await anotherProcess().resume()
  await requests.save(kept)
  await store.zadd('rightsopen:{shop.one}', time.now, kept.id)
  t.equal(await anotherProcess().resume(), 1)
  t.equal((await room.holds.list('one')).length, 1)
})
