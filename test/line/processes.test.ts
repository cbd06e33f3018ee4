import t, { type Test } from 'tap'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import type { E164 } from '../../src/phone/types.js'
import { epochMs } from '../../src/line/tags.js'
import { createKeyRing } from '../../src/store/keyring/keyring.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import { createLog } from '../../src/telemetry/log.js'
import { LineOracle, type OracleDelivery } from '../support/line-oracle.js'
import type { Batch, Done, Op, Setup } from '../support/line-worker.js'
import { masterKey, person, proxy } from '../support/lines.js'
import { program } from '../support/program.js'
import { testRedis, testStore } from '../support/redis.js'

/** Operations in all; the long run asks for more. */
const operations = Number(process.env.MASKLINE_PROPERTY_OPERATIONS ?? 8000)
const processes = 3
const worker = program(new URL('../support/line-worker.ts', import.meta.url))
const perBatch = 40
/** Deliveries hold for several epochs. */
const step = 6 * 3_600_000
const life = 40 * step
const start = 1_700_000_000_000 - 1_700_000_000_000 % epochMs
const phones = Array.from({ length: 10 }, (_, at) => person(at))
const numbers = [0, 1, 2, 3, 4, 5].map(proxy)
const pick = <T>(list: readonly T[]): T => list[randomInt(list.length)]!
const chance = (share: number): boolean => randomInt(1000) < share * 1000

t.test('processes at the same time never cross two people', { timeout: 900_000 }, async (t) => {
  const [redis, keyRedis] = [await testRedis(t), await testRedis(t)]
  const overrides = { numbers, line: { maxTtlSeconds: life / 1000, maxPhonesPerParty: 3 }, limits: { callsPerDelivery: 1e6, callsPerDeliveryHour: 1e9, callsPerCallerHour: 1e9, callsPerNumberMinute: 1e9 } }
  const workers = await Promise.all(Array.from({ length: processes }, (_, pace) => startWorker(t, { url: redis.url, keysUrl: keyRedis.url, masterKey: masterKey.toString('base64'), overrides, pace })))
  const oracle = new LineOracle(start, numbers, { phones: 3, calls: 1e6, leaseMs: 1, life })
  const keys = createKeyRing({ store: await testStore(t, keyRedis), masterKeys: { current: masterKey }, log: createLog('silent'), clock: () => oracle.now })
  t.teardown(() => keys.close())
  const counts = new Map<string, number>()
  const problems: string[] = []
  let [total, destroyed] = [0, 0]
  while (total < operations && problems.length === 0) {
    const open = new Set(oracle.deliveries.filter((d) => oracle.isHeld(d)))
    const batches = workers.map(() => Array.from({ length: perBatch }, () => randomOp(oracle, open)))
    const before = snapshot(oracle)
    const results = await Promise.all(workers.map((worker, at) => ask(worker, { now: oracle.now, ops: batches[at]! })))
    for (const [at, ops] of batches.entries()) {
      for (const [index, op] of ops.entries()) {
        const done = results[at]![index]!
        apply(oracle, op, done)
        const key = `${op.op} ${done.code}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
    problems.push(...oracle.broken(phones).map((pair) => `held twice: ${pair}`))
    for (const [at, ops] of batches.entries()) problems.push(...ops.flatMap((op, index) => wrongMeanwhile(oracle, before, op, results[at]![index]!)))
    problems.push(...await wrongAfterwards(oracle, pick(workers)))
    total += batches.flat().length + numbers.length * phones.length
    if (chance(0.7)) oracle.now += randomInt(1, 6) * step
    if (chance(0.2)) destroyed += await destroyDue(keys, oracle.now)
  }
  t.same(problems.slice(0, 5), [])
  t.ok(oracle.now - start > 2 * epochMs && destroyed > 0)
  t.comment(`${total} operations by ${processes} processes in ${Math.floor((oracle.now - start) / epochMs)} epochs, ${destroyed} keys destroyed: ${[...counts].sort().map(([name, n]) => `${name} ${n}`).join(', ')}`)
  for (const outcome of ['allocate ok', 'allocate pool_exhausted', 'allocate reference_in_use', 'change ok', 'change phone_in_use', 'addPhone ok', 'addPhone phone_in_use', 'close ok', 'lookup connect', 'lookup over', 'lookup unknown']) {
    t.ok((counts.get(outcome) ?? 0) > 0, `${outcome} occurred`)
  }
})

/** What a deletion run does with keys. */
async function destroyDue(keys: KeyRing, now: number): Promise<number> {
  const due = (await keys.list()).filter(({ neededUntil }) => neededUntil < now)
  await keys.destroy(due.map(({ scope }) => scope))
  return due.length
}

async function startWorker(t: Test, setup: Setup): Promise<ChildProcess> {
  const child = fork(worker.file, [JSON.stringify(setup)], { execArgv: worker.execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.teardown(async () => {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  })
  await once(child, 'message')
  return child
}

async function ask(worker: ChildProcess, batch: Batch): Promise<Done[]> {
  const answer = once(worker, 'message')
  worker.send(batch)
  return (await answer as [Done[]])[0]
}

let serial = 0

/** Each delivery is changed by one operation at a time, so that what is accepted has one meaning. */
function randomOp(oracle: LineOracle, open: Set<OracleDelivery>): Op {
  const target = chance(0.35) && open.size > 0 ? pick([...open]) : undefined
  if (target === undefined) return chance(0.5) ? randomLookup() : randomAllocation(oracle)
  open.delete(target)
  if (chance(0.3)) return { op: 'close', id: target.id }
  if (chance(0.4)) return { op: 'addPhone', id: target.id, party: pick(['courier', 'customer'] as const), phone: pick(phones) }
  return {
    op: 'change', id: target.id,
    change: { ...(chance(0.5) ? { courier: pick(phones) } : {}), ...(chance(0.5) ? { customer: pick(phones) } : {}), ...(chance(0.3) ? { expiresAt: oracle.now + randomInt(1, 20) * step } : {}) }
  }
}

function randomLookup(): Op {
  return { op: 'lookup', number: pick(numbers), caller: pick(phones), callId: `call-${serial++}` }
}

function randomAllocation(oracle: LineOracle): Op {
  const courier = pick(phones)
  const customer = pick(phones.filter((phone) => phone !== courier))
  return {
    op: 'allocate',
    delivery: { shopId: 'shop', poolId: 'demo', reference: `r${randomInt(300)}`, courier, customer, expiresAt: oracle.now + randomInt(1, 12) * step, quarantineSeconds: randomInt(0, 6) * step / 1000, direction: 'both' }
  }
}

/** Takes over what a process says was done. */
function apply(oracle: LineOracle, op: Op, done: Done): void {
  if (done.code !== 'ok') return
  if (op.op === 'allocate') {
    const { shopId: shop, reference, courier, customer, expiresAt: expires, quarantineSeconds, direction } = op.delivery
    oracle.deliveries.push({ id: done.id!, shop, number: done.number!, reference, created: oracle.now, quarantine: quarantineSeconds * 1000, expires, closed: undefined, direction, phones: { courier: [courier], customer: [customer] }, former: [], calls: new Map() })
  }
  if (op.op === 'close') oracle.close('shop', op.id)
  if (op.op !== 'change' && op.op !== 'addPhone') return
  const d = oracle.deliveries.find(({ id }) => id === op.id)!
  if (op.op === 'addPhone') d.phones[op.party].push(op.phone)
  else {
    for (const party of ['courier', 'customer'] as const) {
      const phone = op.change[party]
      if (phone === undefined || d.phones[party][0] === phone) continue
      d.former.push(d.phones[party][0]!)
      d.phones[party][0] = phone
    }
    d.expires = op.change.expiresAt ?? d.expires
  }
  const here = [...d.phones.courier, ...d.phones.customer]
  d.former.splice(0, Infinity, ...d.former.filter((phone) => !here.includes(phone)))
}

type Snapshot = Map<string, { readonly live: boolean, readonly phones: readonly E164[], readonly firsts: readonly E164[] }>

function snapshot(oracle: LineOracle): Snapshot {
  return new Map(oracle.deliveries.map((d) => [d.id, { live: oracle.isLive(d), phones: [...d.phones.courier, ...d.phones.customer], firsts: [d.phones.courier[0]!, d.phones.customer[0]!] }]))
}

/** A look-up in the middle of it all must fit what was before or what is now. */
function wrongMeanwhile(oracle: LineOracle, before: Snapshot, op: Op, { found }: Done): string[] {
  if (op.op !== 'lookup' || found?.kind !== 'connect') return []
  const after = snapshot(oracle).get(found.deliveryId)
  const earlier = before.get(found.deliveryId)
  const d = oracle.deliveries.find(({ id }) => id === found.deliveryId)
  const fits = [earlier, after].some((state) => state?.phones.includes(op.caller)) && [earlier, after].some((state) => state?.firsts.includes(found.callee))
  return d?.number === op.number && fits && (earlier?.live ?? true) ? [] : [`connected wrongly: ${found.deliveryId}`]
}

/** When all is quiet the answers are exactly those of the oracle, for everybody on every number. */
async function wrongAfterwards(oracle: LineOracle, worker: ChildProcess): Promise<string[]> {
  const asked = numbers.flatMap((number) => phones.map((caller) => ({ number, caller, callId: `call-${serial++}` })))
  const answers = await ask(worker, { now: oracle.now, ops: asked.map((one) => ({ op: 'lookup', ...one })) })
  return asked.flatMap(({ number, caller, callId }, at) => {
    const expected = oracle.lookup(number, caller, callId)
    const { found } = answers[at]!
    const same = found?.kind === expected.kind && (found.kind !== 'connect' || (found.callee === expected.callee && found.deliveryId === expected.id))
    return same ? [] : [`${number} ${caller}: ${found?.kind} instead of ${expected.kind}`]
  })
}
