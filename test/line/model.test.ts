import t from 'tap'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { leaseMs } from '../../src/line/leases.js'
import { epochMs } from '../../src/line/tags.js'
import type { DeliveryChange, Direction, Lines, Party } from '../../src/line/types.js'
import { createLines } from '../../src/line/lines.js'
import type { E164 } from '../../src/phone/types.js'
import { createRing } from '../../src/store/keyring/keyring.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import { createLog } from '../../src/telemetry/log.js'
import { LineOracle } from '../support/line-oracle.js'
import { lineConfig, masterKey, person, proxy } from '../support/lines.js'
import { memoryShelf } from '../support/memory-shelf.js'
import { testRedis, testStore } from '../support/redis.js'

/** Operations in all; the long run asks for more. */
const operations = Number(process.env.MASKLINE_MODEL_OPERATIONS ?? 12_000)
const perRun = 400

// A small world: everybody meets everybody, and numbers run out.
const phones = [0, 1, 2, 3, 4, 5, 6].map(person)
const numbers = [0, 1, 2, 3].map(proxy)
/** Short steps go over the turn of an epoch in small ones; in long steps deliveries hold for several epochs. */
const stepLengths = [15_000, 12 * 3_600_000, 12 * 3_600_000]
let step = stepLengths[0]!
const longestLife = 40
/** A turn of an epoch, shortly before which every run begins. */
const turn = Math.ceil(1_700_000_000_000 / epochMs) * epochMs
/** What the processes believe about the time that went by: the truth, that it stands still, that it goes twice as fast. */
const beliefs = [1, 0, 2]

interface Real {
  /** As many processes as there are; each operation goes to another one. */
  readonly processes: readonly Lines[]
  /** Of each process. */
  readonly rings: readonly KeyRing[]
  next: number
}

type Command = fc.AsyncCommand<LineOracle, Real>
const counts = new Map<string, number>()

/** One operation: run it, ask the oracle, compare. */
class Act implements Command {
  constructor(private readonly name: string, private readonly act: (oracle: LineOracle, lines: Lines, keys: KeyRing) => Promise<string>) {}
  check(): boolean { return true }
  toString(): string { return this.name }
  async run(oracle: LineOracle, real: Real): Promise<void> {
    const at = real.next++ % real.processes.length
    const outcome = await this.act(oracle, real.processes[at]!, real.rings[at]!)
    const key = `${this.name.replace(/ .*/, '')} ${outcome}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    assert.deepEqual(oracle.broken(phones), [])
  }
}

const codeOf = async (work: Promise<unknown>): Promise<string> => await work.then(() => 'ok', (error: unknown) => (error as { code: string }).code)
/** The younger a delivery, the likelier it is meant; now and then one that never was. */
const pick = (oracle: LineOracle, back: number): string => oracle.deliveries.at(-1 - back)?.id ?? 'demo-bcdfghjkmnpqrstvwxyz'

const phone = fc.constantFrom(...phones)
const number = fc.constantFrom(...numbers)
const shop = fc.constantFrom('shop', 'shop', 'shop', 'other')
const direction = fc.constantFrom<Direction[]>('both', 'both', 'courier', 'customer')
const party = fc.constantFrom<Party[]>('courier', 'customer')
const steps = fc.integer({ min: 1, max: 6 })
const which = fc.nat({ max: 7 })

const allocate = fc.record({ shop, phones: fc.tuple(phone, phone), steps: fc.integer({ min: 0, max: 30 }), quarantine: fc.integer({ min: 0, max: 8 }), direction, reference: fc.nat({ max: 12 }) }).map((a) => new Act(`allocate ${JSON.stringify(a)}`, async (oracle, lines) => {
  const [courier, customer] = a.phones
  const [expires, reference] = [oracle.now + a.steps * step, `r${a.reference}`]
  const expected = oracle.refuseAllocation(a.shop, reference, courier, customer, expires) ?? 'ok'
  const free = oracle.freeNumbers(courier, customer)
  const code = await codeOf(lines.allocate({ shopId: a.shop, poolId: 'demo', reference, courier, customer, expiresAt: expires, quarantineSeconds: a.quarantine * step / 1000, direction: a.direction }).then((made) => {
    assert.ok(free.includes(made.number), 'the number is free for both')
    assert.deepEqual([made.state, made.createdAt, made.expiresAt, made.quarantineUntil], ['live', oracle.now, expires, expires + a.quarantine * step])
    oracle.deliveries.push({ id: made.id, shop: a.shop, number: made.number, reference, created: oracle.now, quarantine: a.quarantine * step, expires, closed: undefined, direction: a.direction, phones: { courier: [courier], customer: [customer] }, former: [], calls: new Map() })
  }))
  assert.equal(code, expected)
  return code
}))

const change = fc.record({ shop, which, steps: fc.option(fc.integer({ min: -1, max: 45 }), { nil: undefined }), direction: fc.option(direction, { nil: undefined }), courier: fc.option(phone, { nil: undefined, freq: 2 }), customer: fc.option(phone, { nil: undefined, freq: 2 }) }).map((c) => new Act(`change ${JSON.stringify(c)}`, async (oracle, lines) => {
  const id = pick(oracle, c.which)
  const expires = c.steps === undefined ? undefined : oracle.now + c.steps * step
  const wanted: DeliveryChange = {
    ...(expires === undefined ? {} : { expiresAt: expires }), ...(c.direction === undefined ? {} : { direction: c.direction }),
    ...(c.courier === undefined ? {} : { courier: c.courier }), ...(c.customer === undefined ? {} : { customer: c.customer })
  }
  const expected = oracle.change(c.shop, id, { expires, direction: c.direction, courier: c.courier, customer: c.customer }) ?? 'ok'
  const code = await codeOf(lines.change(c.shop, id, wanted))
  assert.equal(code, expected)
  return code
}))

const addPhone = fc.record({ shop, which, party, phone }).map((a) => new Act(`addPhone ${JSON.stringify(a)}`, async (oracle, lines) => {
  const id = pick(oracle, a.which)
  const expected = oracle.change(a.shop, id, { add: a }) ?? 'ok'
  const code = await codeOf(lines.addPhone(a.shop, id, a.party, a.phone))
  assert.equal(code, expected)
  return code
}))

const close = fc.record({ shop, which }).map((c) => new Act(`close ${JSON.stringify(c)}`, async (oracle, lines) => {
  const id = pick(oracle, c.which)
  const expected = oracle.close(c.shop, id) ?? 'ok'
  const code = await codeOf(lines.close(c.shop, id))
  assert.equal(code, expected)
  return code
}))

const find = fc.record({ shop, which }).map((f) => new Act(`find ${JSON.stringify(f)}`, async (oracle, lines) => {
  const id = pick(oracle, f.which)
  const d = oracle.visible(f.shop, id)
  if (d === undefined) {
    assert.equal(await codeOf(lines.find(f.shop, id)), 'delivery_not_found')
    return 'delivery_not_found'
  }
  const { state, number, expiresAt, quarantineUntil, direction, endedAt, reference } = await lines.find(f.shop, id)
  assert.deepEqual(
    { state, number, expiresAt, quarantineUntil, direction, endedAt, reference },
    { state: oracle.stateOf(d), number: d.number, expiresAt: d.expires, quarantineUntil: oracle.endOf(d) + d.quarantine, direction: d.direction, endedAt: oracle.isLive(d) ? undefined : oracle.endOf(d), reference: d.reference }
  )
  return state
}))

let calls = 0
const lookup = fc.record({ number, phone, hangUp: fc.boolean(), of: fc.option(which) }).map((l) => new Act(`lookup ${JSON.stringify(l)}`, async (oracle, lines) => {
  const callId = `call-${calls++}`
  // Half of the callers are people of a delivery who call its number.
  const d = l.of === null ? undefined : oracle.deliveries.at(-1 - l.of)
  const [dialled, caller] = d === undefined ? [l.number, l.phone] : [d.number as E164, d.phones.courier[0]!]
  const expected = oracle.lookup(dialled, caller, callId)
  const found = await lines.lookup(dialled, caller, callId)
  assert.deepEqual({ kind: found.kind, id: 'deliveryId' in found ? found.deliveryId : undefined, callee: found.kind === 'connect' ? found.callee : undefined }, { id: undefined, callee: undefined, ...expected })
  if (l.hangUp && (found.kind === 'connect' || found.kind === 'over')) {
    await lines.release(found.deliveryId, callId)
    oracle.deliveries.find(({ id }) => id === found.deliveryId)?.calls.delete(callId)
  }
  return found.kind
}))

const advance = steps.map((n) => new Act(`advance ${n}`, async (oracle) => {
  oracle.now += n * step
  return 'ok'
}))

/** What a deletion run does with keys. Nobody may miss one. */
const destroy = fc.constant(new Act('destroy', async (oracle, _lines, keys) => {
  const due = (await keys.list()).filter(({ neededUntil }) => neededUntil < oracle.now)
  await keys.destroy(due.map(({ scope }) => scope))
  return due.length > 0 ? due[0]!.scope.purpose : 'nothing'
}))

/** Sweeping changes nothing that anybody sees, and afterwards the counts are right. */
const sweep = fc.constant(new Act('sweep', async (oracle, lines) => {
  await lines.sweep()
  assert.deepEqual((await lines.numbers('demo')).map(({ live }) => live), numbers.map((one) => oracle.liveOn(one)))
  return 'ok'
}))

const redis = await testRedis(t)

t.test('whatever happens in whatever order, a call reaches only the other party of a live delivery', async (t) => {
  const stores = await Promise.all([0, 1, 2].map(() => testStore(t, redis)))
  const commands = fc.commands([allocate, allocate, change, change, addPhone, addPhone, close, find, lookup, lookup, lookup, lookup, advance, destroy, sweep], { maxCommands: perRun, size: 'max' })
  let total = 0
  while (total < operations) {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...stepLengths), fc.nat({ max: 20 }), commands, async (stepLength, before, run) => {
      await stores[0]!.call('FLUSHALL')
      step = stepLength
      const limits = { phones: 3, calls: 2, leaseMs, life: longestLife * step }
      const oracle = new LineOracle(turn - before * step, numbers, limits)
      const config = lineConfig({ numbers, line: { maxTtlSeconds: limits.life / 1000, maxPhonesPerParty: limits.phones }, limits: { callsPerDelivery: limits.calls, callsPerDeliveryHour: 1e9, callsPerCallerHour: 1e9, callsPerNumberMinute: 1e9 } })
      const [shelf, log, clock] = [memoryShelf(), createLog('silent'), () => oracle.now]
      const rings = stores.map(() => createRing(shelf, { masterKeys: { current: masterKey }, log, clock }))
      const processes = stores.map((store, at) => createLines({ store, keys: rings[at]!, config, log, clock, elapsed: () => oracle.now * beliefs[at]! }))
      try {
        await fc.asyncModelRun(() => ({ model: oracle, real: { processes, rings, next: 0 } }), run)
      } finally {
        await Promise.all(processes.map((lines) => lines.stop()))
        await Promise.all(rings.map((ring) => ring.close()))
      }
    }), { numRuns: 20 })
    total = [...counts.values()].reduce((sum, n) => sum + n, 0)
  }
  t.comment(`${total} operations: ${[...counts].sort().map(([name, n]) => `${name} ${n}`).join(', ')}`)
  const outcomes = ['allocate ok', 'allocate pool_exhausted', 'allocate reference_in_use', 'allocate expiry_invalid', 'change ok', 'change phone_in_use', 'change phone_in_delivery', 'change delivery_ended', 'change delivery_not_found', 'change expiry_invalid',
    'addPhone ok', 'addPhone phone_in_use', 'addPhone phone_in_delivery', 'close ok', 'close delivery_not_found', 'lookup connect', 'lookup over', 'lookup unknown', 'lookup wrong_direction', 'lookup limited', 'destroy mapping', 'destroy tag']
  for (const outcome of outcomes) t.ok((counts.get(outcome) ?? 0) > 0, `${outcome} occurred`)
  t.ok(total >= operations)
})
