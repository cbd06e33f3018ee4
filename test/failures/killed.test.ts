import t from 'tap'
import { createJournal } from '../../src/record/journal.js'
import { leaseMs } from '../../src/record/lease-watch.js'
import { createStore } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import { silent } from '../support/log.js'
import { until } from '../support/whole.js'
import { site } from './process.js'
import { patienceMs } from './support.js'

const rig = await site(t)
const first = await rig.start()

t.test('kill -9 in every state of a call', { timeout: 110_000 }, async (t) => {
  const [courier, customer, ended, silentPhone] = await Promise.all(['+46701740610', '+46701740611', '+46701740612', '+46701740613'].map((number) => rig.phone(number)))
  const line = async (reference: string, from: string, to: string): Promise<{ id: string, number: string }> => {
    const { status, body } = await first.api('POST', '/v1/deliveries', { reference, courier: { phone: from }, customer: { phone: to }, ttlSeconds: 3600 })
    t.equal(status, 201, JSON.stringify(body))
    return body as { id: string, number: string }
  }
  const [main, over, unanswered] = [await line('main', courier!.number, customer!.number), await line('over', ended!.number, customer!.number), await line('dialling', courier!.number, silentPhone!.number)]
  await first.api('DELETE', `/v1/deliveries/${over.id}`)
  const via = rig.gateway.uri

  const talking = courier!.call(main.number, { via })
  const taken = await customer!.nextCall(patienceMs)
  await taken.answer()
  await talking.answered(patienceMs)
  const ringing = courier!.call(main.number, { via })
  const rung = await customer!.nextCall(patienceMs)
  await rung.ring()
  await ringing.ringing(patienceMs)
  const dialling = courier!.call(unanswered.number, { via })
  await silentPhone!.nextCall(patienceMs)
  // Hears that the delivery is over, in early media.
  const announcing = ended!.call(over.number, { via })
  await announcing.ringing(patienceMs)
  t.equal(announcing.final, undefined, 'it is being told')

  first.child.kill('SIGKILL')
  t.equal(await first.exit(), 'SIGKILL')
  for (const [name, call] of Object.entries({ talking, ringing, dialling, announcing })) {
    const ending = await call.ended(patienceMs)
    t.ok(['them', 'refused'].includes(ending.by), `${name}: the caller is told (${ending.by} ${ending.status ?? ''})`)
    if (ending.by === 'refused') t.equal(ending.status, 503)
  }
  t.match(await taken.ended(patienceMs), { by: 'them' })
  await until(async () => rig.sip.stats().dialogs === 0 || undefined, 'all dialogs to end', 40_000)

  // What a process that lives does, at the time when the leases are over: it looks twice.
  const store = createStore({ url: rig.redisUrl, commandTimeoutMs: 5000, log: silent })
  t.teardown(() => store.close())
  await store.ready(patienceMs)
  const ring = memoryKeyRing()
  let later = 0
  const journal = createJournal({ store, ring, shops: () => ['demo'], log: silent, clock: () => Date.now() + later, monotonic: () => performance.now() + later })
  t.equal(await journal.recover(), 0, 'the first look decides nothing')
  later = leaseMs + 1000
  t.equal(await journal.recover(), 4, 'every call that was journalled')
  journal.close()
  await ring.close()

  const second = await rig.start()
  for (const { id, number } of [main, over, unanswered]) {
    const { calls } = (await second.api('GET', `/v1/deliveries/${id}/calls`)).body as { calls: { state: string, result: string, reason: string }[] }
    t.ok(calls.length > 0 && calls.every(({ state, result, reason }) => state === 'ended' && result === 'indeterminate' && reason === 'process_died'), `${number}: indeterminate`)
  }
  // The dead process's calls count against the limit of a line for up to a minute; here there is room for one more.
  const next = silentPhone!.call(unanswered.number, { via })
  const call = await courier!.nextCall(patienceMs)
  t.equal(call.shown, unanswered.number, 'the line is free and leads to the same person')
  await call.answer()
  await next.answered(patienceMs)
  await next.hangUp()
})
