import t from 'tap'
import { MaskError } from '../../../src/errors.js'
import { everything } from '../support.js'
import { admin, courier, customer, rightsStage, stranger, type RightsStage } from './support.js'

const prove = ({ rights }: RightsStage, phone = courier): ReturnType<RightsStage['rights']['prove']> => rights.prove({ shopId: 'one', actor: admin, phone, poolId: 'demo' })
const asking = ({ ask }: RightsStage, id: string, code: string, phone = courier): ReturnType<RightsStage['ask']> => ask('access', phone, { proof: { kind: 'call', id, code } })

/** What became of the call, once it is known. */
async function noted({ rights }: RightsStage, id: string): ReturnType<RightsStage['rights']['proof']> {
  for (;;) {
    const proof = await rights.proof('one', id)
    if (proof.state !== 'ringing') return proof
  }
}

t.test('a code is said to the phone, from a number of the shop, and works once', async (t) => {
  const stage = await rightsStage(t)
  const proof = await prove(stage)
  t.match(proof, { state: 'ringing', expiresAt: stage.time.now + 15 * 60_000 })
  t.match(stage.told, [{ shopId: 'one', phone: courier, number: /^\+4420794600\d\d$/, code: /^\d{6}$/ }])
  t.match(await noted(stage, proof.id), { state: 'told' })
  t.match(await asking(stage, proof.id, stage.told[0]!.code), { state: 'done', proof: 'call' })
  await t.rejects(asking(stage, proof.id, stage.told[0]!.code), { code: 'proof_invalid' })
  await t.rejects(stage.rights.proof('one', proof.id), { code: 'not_found' })
})

t.test('the code is neither in the store nor in the log; whose phone was rung is not either', async (t) => {
  const stage = await rightsStage(t)
  await prove(stage)
  const { code } = stage.told[0]!
  const kept = await everything(stage.store)
  for (const secret of [code, courier, courier.slice(1)]) {
    t.notOk(kept.includes(secret))
    t.notOk(stage.rightsLog().includes(secret))
    t.notOk(stage.logged().includes(secret))
  }
  t.notOk(JSON.stringify(await stage.audit.list('one', { limit: 9 })).includes(code))
})

t.test('three wrong tries, and it is gone; another phone is a wrong try too', async (t) => {
  const stage = await rightsStage(t)
  const { id } = await prove(stage)
  const { code } = stage.told[0]!
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
  await t.rejects(asking(stage, id, wrong), { code: 'proof_invalid' })
  await t.rejects(asking(stage, id, code, customer), { code: 'proof_invalid' })
  t.match(await asking(stage, id, code), { state: 'done' }, 'the third one is right')
  const second = await prove(stage)
  for (let at = 0; at < 3; at++) await t.rejects(asking(stage, second.id, wrong), { code: 'proof_invalid' })
  await t.rejects(asking(stage, second.id, stage.told[1]!.code), { code: 'proof_invalid' })
  t.match((await stage.audit.list('one', { limit: 50, action: 'persons.access' })).entries.filter(({ result }) => result === 'refused').length, 6)
})

t.test('a code is good for its own shop and for a quarter of an hour', async (t) => {
  const stage = await rightsStage(t)
  const { id } = await prove(stage)
  await t.rejects(stage.ask('access', courier, { shopId: 'two', proof: { kind: 'call', id, code: stage.told[0]!.code } }), { code: 'proof_invalid' })
  const left = Number(await stage.store.call('PTTL', `proof:{shop.one}:${id}`))
  t.ok(left > 0 && left <= 15 * 60_000)
  await stage.store.call('PEXPIRE', `proof:{shop.one}:${id}`, 1)
  await new Promise((resolve) => setTimeout(resolve, 5))
  await t.rejects(asking(stage, id, stage.told[0]!.code), { code: 'proof_invalid' })
  await t.rejects(asking(stage, 'bcdfghjkmnpqrstvwxyz', '000000'), { code: 'proof_invalid' })
})

t.test('nobody is rung again and again: three times an hour a phone, thirty a shop', async (t) => {
  const stage = await rightsStage(t)
  for (let at = 0; at < 3; at++) await prove(stage)
  await t.rejects(prove(stage), { code: 'rate_limited' })
  await prove(stage, stranger)
  stage.pass(3_600_000)
  await prove(stage)
  t.equal(stage.told.length, 5)
})

t.test('a call that came to nothing says why; one that cannot be made is refused', async (t) => {
  const stage = await rightsStage(t)
  stage.outcome.next = { told: false, reason: 'not_accepted' }
  const { id } = await prove(stage)
  t.match(await noted(stage, id), { state: 'not_told', reason: 'not_accepted' })
  const refusing = stage.anotherProcess({ teller: async () => { throw new MaskError('phone_not_allowed') } })
  await t.rejects(refusing.prove({ shopId: 'one', actor: admin, phone: customer, poolId: 'demo' }), { code: 'phone_not_allowed' })
  const numberless = stage.anotherProcess({ numberOf: async () => { throw new MaskError('pool_drained') } })
  await t.rejects(numberless.prove({ shopId: 'one', actor: admin, phone: customer, poolId: 'demo' }), { code: 'pool_drained' })
})
