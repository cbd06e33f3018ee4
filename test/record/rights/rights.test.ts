import t from 'tap'
import type { E164 } from '../../../src/phone/types.js'
import { callStart, everything } from '../support.js'
import { admin, courier, customer, dayMs, MemoryData, rightsStage, stranger } from './support.js'

const other = '+46701740610' as E164

t.test('G13 access: the own records only, the other side as a role, whatever day they are of', async (t) => {
  const { ask, call, delivery, recorded, pass } = await rightsStage(t)
  const first = await call({ reference: 'canary for Mari' })
  await call({ phones: { courier: stranger, customer: other }, deliveryId: 'demo-other' })
  pass(2 * dayMs)
  await call({ startedBy: 'customer', callee: 'courier' })
  await call({ shopId: 'two' })
  await delivery(courier, customer)
  recorded.add(first.id)
  const { state, result, progress } = await ask('access')
  t.equal(state, 'done')
  t.same(progress, { done: 2, total: 2 })
  t.match(result?.access?.calls, [
    { role: 'courier', otherParty: 'customer', startedBy: 'you', state: 'ended', ringMs: 4000, talkMs: 60_000, result: 'success', reason: 'caller_hung_up', recorded: true, startedAt: first.startedAt },
    { role: 'courier', otherParty: 'customer', startedBy: 'other', recorded: false }
  ])
  t.equal(result?.access?.calls.length, 2)
  t.match(result?.access?.deliveries, [{ role: 'courier', state: 'live', direction: 'both' }])
  t.match(result?.access?.classes.find(({ name }) => name === 'record'), { count: 2, periodSeconds: 30 * 86_400, legalBasis: 'legitimate_interest' })
  t.match(result?.access?.classes.find(({ name }) => name === 'mapping'), { count: 1 })
  t.match(result?.access?.classes.find(({ name }) => name === 'statistics'), { count: null }, 'nothing can be told apart there')
  const text = JSON.stringify(result)
  for (const secret of [courier, customer, courier.slice(1), 'canary', 'Mari', first.deliveryId, first.id]) t.notOk(text.includes(secret), `no ${secret}`)
})

t.test('G13 nobody\'s pseudonym is in an answer', async (t) => {
  const { ask, call, ring } = await rightsStage(t)
  await call()
  const text = JSON.stringify((await ask('access')).result)
  for (const { scope } of await ring.list({ purpose: 'record' })) {
    const key = (await ring.find(scope))!
    for (const phone of [courier, customer]) t.notOk(text.includes(key.tag('phone', phone)))
  }
})

t.test('a number that was never seen and one that was erased get the same answer', async (t) => {
  const { ask, call, delivery } = await rightsStage(t)
  await call()
  await delivery(courier, customer)
  const unseen = await ask('access', other)
  t.equal((await ask('erasure')).state, 'done')
  const erased = await ask('access')
  t.same(erased.result, unseen.result)
  t.equal((await ask('erasure', other)).state, 'done', 'and there is nothing to refuse')
})

t.test('G14 erasure: records, recordings, live deliveries, what waits to be sent, earlier answers', async (t) => {
  const webhooks = new MemoryData()
  const { ask, call, delivery, lines, log, persons, recorded, pass, rights, store } = await rightsStage(t, { others: [webhooks] })
  const first = await call()
  const kept = await call({ phones: { courier: stranger, customer: other }, deliveryId: 'demo-other' })
  pass(dayMs)
  const { id, number } = await delivery(courier, customer)
  await call({ deliveryId: id })
  recorded.add(first.id)
  webhooks.deliveries.add(id).add('demo-other')
  const before = await ask('access')
  t.equal(before.result?.access?.calls.length, 2)
  t.match(before.result?.access?.classes.find(({ name }) => name === 'webhook'), { count: 1 })

  const { state, result } = await ask('erasure')
  t.equal(state, 'done')
  t.same(result?.erasure, { classes: [
    { name: 'mapping', erased: 1, held: 0 }, { name: 'quarantine', erased: 0, held: 0 }, { name: 'record', erased: 2, held: 0 },
    { name: 'recording', erased: 1, held: 0 }, { name: 'webhook', erased: 1, held: 0 }, { name: 'requests', erased: 1, held: 0 }
  ] })
  t.equal((await rights.find('one', before.id)).result, undefined, 'what an earlier request brought to light is gone')
  t.same((await log.list('one', { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 })).calls.map((one) => one.id), [kept.id])
  t.equal(recorded.size, 0)
  t.same([...webhooks.deliveries], ['demo-other'])
  t.match(await lines.lookup(number, courier, 'c1'), { kind: 'unknown' })
  t.match(await lines.lookup(number, customer, 'c2'), { kind: 'over' })
  for await (const day of persons.calls('one', courier)) t.fail(`found ${day.calls.length}`)
  t.same((await ask('access')).result?.access?.deliveries, [])
  t.notOk((await everything(store)).includes(courier.slice(1)), 'and no number anywhere')
})

t.test('G14 a call that is under way leaves no record when it ends', async (t) => {
  const { ask, writer, log, time } = await rightsStage(t)
  const call = callStart({ startedAt: time.now })
  await writer.open(call)
  t.match((await ask('erasure')).result?.erasure?.classes.find(({ name }) => name === 'record'), { erased: 1 })
  await writer.answered(call, time.now + 1000)
  await writer.finish(call, { at: time.now + 2000, answeredAt: time.now + 1000, result: 'success', reason: 'caller_hung_up' })
  t.same((await log.list('one', { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 })).calls, [])
})

t.test('G14 a legal hold: what it covers is kept and said so, with its end', async (t) => {
  const { ask, call, room, time, pass, delivery, persons } = await rightsStage(t)
  await call({ deliveryId: 'demo-held' })
  pass(dayMs)
  await call()
  const hold = await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-held' }, reason: 'a claim in court', endsAt: time.now + 30 * dayMs, actor: admin })
  const part = await ask('erasure')
  t.equal(part.state, 'done', 'the rest goes')
  t.match(part.result?.erasure, { refused: { reason: 'legal_hold', endsAt: hold.endsAt } })
  t.match(part.result?.erasure?.classes.find(({ name }) => name === 'record'), { erased: 1, held: 1 })
  const none = await ask('erasure')
  t.equal(none.state, 'refused')
  t.match(none.result?.erasure?.classes.find(({ name }) => name === 'record'), { erased: 0, held: 1 })

  const pseudonyms = Object.fromEntries([...await persons.pseudonyms('one', courier)].map(([day, one]) => [day, [one]]))
  await room.holds.create({ shopId: 'one', kind: 'hold', scope: { pseudonyms }, reason: 'the police asked', endsAt: time.now + dayMs, actor: admin })
  await delivery(courier, customer)
  t.match((await ask('erasure')).result?.erasure?.classes.find(({ name }) => name === 'mapping'), { erased: 0, held: 1 }, 'the person is held, not only days')
  pass(31 * dayMs)
  t.equal((await ask('erasure')).result?.erasure?.refused, undefined, 'a hold ends by itself')
})

t.test('G14 where a law asks to keep records, erasure says until when', async (t) => {
  const { ask, call, room, time } = await rightsStage(t)
  await room.periods.change('one', { actor: admin, reason: 'the duty of a provider', periods: { statutory: 90 * 86_400 }, statutoryBasis: 'Elektroonilise side seadus § 111¹' })
  const { startedAt } = await call()
  t.match(await ask('erasure'), { state: 'refused', result: { erasure: { refused: { reason: 'legal_obligation', endsAt: startedAt + 90 * dayMs } } } })
  t.ok(time.now > 0)
})

t.test('G15 restriction: neither shown nor deleted, with author, reason and end; ends by itself', async (t) => {
  const { ask, call, room, time, pass, logWith, run } = await rightsStage(t)
  const restricted = logWith({ restricted: room.restricted })
  const shown = async (): Promise<number> => (await restricted.list('one', { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 })).calls.length
  await call()
  await call({ phones: { courier: stranger, customer: other } })
  pass(2 * dayMs)
  const endsAt = time.now + 60 * dayMs
  const { state, result } = await ask('restriction', courier, { endsAt })
  t.equal(state, 'done')
  t.match(result?.restriction, { calls: 1, days: 1, endsAt })
  t.match(await room.holds.list('one'), [{ kind: 'restriction', authorId: admin.id, reason: 'a letter from the person', endsAt }])
  t.equal(await shown(), 1, 'hidden from normal reads')
  t.equal((await ask('access')).result?.access?.calls.length, 1, 'but not from the person')
  pass(35 * dayMs)
  await run()
  t.equal((await ask('access')).result?.access?.calls.length, 1, 'kept beyond its period')
  t.equal((await ask('access', other)).result?.access?.calls.length, 0, 'others are not')
  pass(30 * dayMs)
  await run()
  t.equal((await ask('access')).result?.access?.calls.length, 0)
})

t.test('G15 the person\'s own restriction does not stand against their erasure; another person\'s does', async (t) => {
  const { ask, call } = await rightsStage(t)
  await call()
  await ask('restriction')
  await ask('restriction', customer)
  t.match((await ask('erasure')).result?.erasure?.classes.find(({ name }) => name === 'record'), { erased: 0, held: 1 })
  const { call: again, ask: askAgain } = await rightsStage(t)
  await again()
  await askAgain('restriction')
  t.match((await askAgain('erasure')).result?.erasure?.classes.find(({ name }) => name === 'record'), { erased: 1, held: 0 })
})

t.test('G16 export: for machines, and only what the person gave or did', async (t) => {
  const { ask, call, delivery } = await rightsStage(t)
  await call()
  await call({ startedBy: 'customer', callee: 'courier' })
  await call({ startedBy: 'shop' })
  await delivery(courier, customer)
  const { result } = await ask('export')
  t.match(result?.export, { format: 'maskline-person-export', version: 1 })
  t.equal(result?.export?.calls.length, 1, 'calls that others began are not theirs')
  t.same(Object.keys(result!.export!.calls[0]!).sort(), ['endedAt', 'result', 'ringMs', 'role', 'startedAt', 'talkMs'])
  t.same(result?.export?.deliveries.map((one) => Object.keys(one).sort()), [['createdAt', 'expiresAt', 'role', 'state']])
})

t.test('G17 every execution stands in the trail: who, why, on what proof, with what result; no number', async (t) => {
  const { ask, call, audit, rights, told } = await rightsStage(t)
  await call()
  const { id } = await ask('access')
  const proof = await rights.prove({ shopId: 'one', actor: admin, phone: courier, poolId: 'demo' })
  await ask('erasure', courier, { proof: { kind: 'call', id: proof.id, code: told[0]!.code } })
  await t.rejects(ask('export', courier, { proof: { kind: 'call', id: proof.id, code: told[0]!.code } }), { code: 'proof_invalid' }, 'used up')
  const { entries } = await audit.list('one', { limit: 50 })
  t.match(entries.reverse().map(({ action, result, scope, reason }) => [action, result, scope, reason]), [
    ['persons.proof', 'done', 'declared', 'seen the passport'],
    ['persons.access', 'done', `request ${id}: begun`, 'a letter from the person'],
    ['persons.access', 'done', `request ${id}: 1 calls, 0 deliveries`],
    ['persons.proof', 'done', `proof ${proof.id}: call from +44`],
    ['persons.erase', 'done', / begun$/, 'a letter from the person'],
    ['persons.erase', 'done', /record 1/],
    ['persons.export', 'refused', 'proof by call not right']
  ])
  t.notOk(JSON.stringify(entries).includes(courier.slice(1)))
  t.equal(entries.every(({ actor }) => actor.id === admin.id), true)
})

t.test('a reason is asked for, and a phone number in one is refused', async (t) => {
  const { ask } = await rightsStage(t)
  for (const reason of ['', '   ', `called from ${courier}`, 'tel 070-174 06 05', 'x'.repeat(301)]) await t.rejects(ask('access', courier, { reason }), { code: 'request_invalid', field: 'reason' }, reason)
  await t.rejects(ask('access', courier, { proof: { kind: 'declared', reason: '+46 (70) 174.06.05' } }), { code: 'request_invalid', field: 'proof.reason' })
  t.match(await ask('access', courier, { reason: 'letter of 2026-11-22, see T-4711' }), { state: 'done' })
})

t.test('G18 recomputing pseudonyms is limited by the hour, and there is no way back', async (t) => {
  const { ask, call, pass, store, log, persons } = await rightsStage(t)
  await call()
  for (let at = 0; at < 60; at++) await ask('access', other)
  await t.rejects(ask('access'), { code: 'rate_limited' })
  await t.rejects(ask('erasure'), { code: 'rate_limited' }, 'whatever is asked for')
  t.match(await ask('access', courier, { shopId: 'two' }), { state: 'done' }, 'each shop has its own limit')
  pass(3_600_000)
  t.match(await ask('access'), { state: 'done' })
  // Nothing that reads records takes a pseudonym or gives a number: what is there is times, roles and results.
  const [pseudonym] = (await persons.pseudonyms('one', courier)).values()
  t.same((await log.list('one', { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 })).calls.map((one) => Object.keys(one).filter((name) => /phone|pseudonym|number/i.test(name))), [[]])
  t.equal((await ask('access', pseudonym as E164)).result?.access?.calls.length, 0, 'a pseudonym opens nothing')
  t.notOk((await everything(store)).includes(courier.slice(1)))
})
