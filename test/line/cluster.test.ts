import t, { type Test } from 'tap'
import { asMaskError } from '../../src/errors.js'
import { createLines } from '../../src/line/lines.js'
import type { AllocatedDelivery, Lines, NewDelivery } from '../../src/line/types.js'
import { createStore } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { primaryOf, startCluster, startSentinel, until } from '../support/cluster.js'
import { memoryKeyRing } from '../support/keyring.js'
import { lineConfig, person } from '../support/lines.js'

const log = createLog('silent')
const keys = memoryKeyRing()
t.teardown(() => keys.close())

interface Outcome {
  readonly made: (AllocatedDelivery & Pick<NewDelivery, 'courier' | 'customer'>)[]
  readonly errors: Map<string, number>
  stop(): Promise<void>
}

/** Allocates without a pause, several at once, and closes some, until told to stop. */
function allocateAllTheTime(lines: Lines): Outcome {
  const outcome = { made: [] as Outcome['made'], errors: new Map<string, number>(), going: true }
  let n = 0
  const worker = async (): Promise<void> => {
    while (outcome.going) {
      const at = n++
      const [courier, customer] = [person(at % 30), person(30 + at * 7 % 65)]
      try {
        const delivery = await lines.allocate({ shopId: 'shop', poolId: 'demo', reference: `r${at}`, courier, customer, expiresAt: Date.now() + 3_600_000, quarantineSeconds: 3600, direction: 'both' })
        outcome.made.push({ ...delivery, courier, customer })
      } catch (error) {
        const { code } = asMaskError(error)
        outcome.errors.set(code, (outcome.errors.get(code) ?? 0) + 1)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const workers = Array.from({ length: 8 }, worker)
  return { ...outcome, stop: async () => { outcome.going = false; await Promise.all(workers) } }
}

/** As lookup. A connection may not have seen yet that another server has the key; it must within five seconds. */
async function lookupSoon(lines: Lines, ...asked: Parameters<Lines['lookup']>): ReturnType<Lines['lookup']> {
  const deadline = Date.now() + 5000
  for (;;) {
    try {
      return await lines.lookup(...asked)
    } catch (error) {
      if (asMaskError(error).code !== 'store_unavailable' || Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** Every accepted delivery is there, and no number has one person twice. */
async function verify(t: Test, lines: Lines, made: Outcome['made']): Promise<void> {
  const held = new Map<string, string>()
  let wrong = 0
  for (const { id, number, courier, customer } of made) {
    for (const [caller, callee] of [[courier, customer], [customer, courier]] as const) {
      if (held.has(`${number} ${caller}`)) wrong++
      held.set(`${number} ${caller}`, id)
      const found = await lookupSoon(lines, number, caller, `${id} ${caller}`)
      if (found.kind !== 'connect' || found.deliveryId !== id || found.callee !== callee) wrong++
    }
  }
  t.equal(wrong, 0, `${made.length} accepted deliveries are all there, and nobody has a number twice`)
}

t.test('on a cluster: a primary dies while lines are given', async (t) => {
  const { url, nodes } = await startCluster(t)
  const store = createStore({ url, commandTimeoutMs: 800, log })
  const lines = createLines({ store, keys, config: lineConfig({ limits: { callsPerCallerHour: 10_000, callsPerNumberMinute: 100_000 } }), log })
  t.teardown(async () => {
    await lines.stop()
    await store.close()
  })
  await store.ready(10_000)
  await lines.prepare()
  const primary = await primaryOf(nodes, 'pool:{demo}')
  const outcome = allocateAllTheTime(lines)
  await until(async () => outcome.made.length > 50, 'deliveries before')
  const before = outcome.made.length
  await primary.kill()
  await until(async () => (outcome.errors.get('store_unavailable') ?? 0) > 0, 'a clear refusal')
  await until(async () => await primaryOf(nodes, 'pool:{demo}') !== primary, 'a failover')
  await primary.start()
  await until(async () => outcome.made.length > before + 50, 'deliveries afterwards')
  await outcome.stop()
  t.same([...outcome.errors.keys()].filter((code) => !['store_unavailable', 'pool_exhausted'].includes(code)), [], 'every refusal is one that says what to do')
  await verify(t, lines, outcome.made)
  let names = 0
  for await (const batch of store.scan('d:*')) names += batch.length
  t.ok(names >= outcome.made.length, 'a scan sees all nodes')
})

t.test('behind Sentinel: the same', async (t) => {
  const site = await startSentinel(t, 2)
  const store = createStore({ url: site.url, commandTimeoutMs: 800, log })
  const lines = createLines({ store, keys, config: lineConfig({ limits: { callsPerCallerHour: 10_000, callsPerNumberMinute: 100_000 } }), log })
  t.teardown(async () => {
    await lines.stop()
    await store.close()
  })
  await store.ready(10_000)
  const outcome = allocateAllTheTime(lines)
  await until(async () => outcome.made.length > 50, 'deliveries before')
  const before = outcome.made.length
  await (await site.primary()).kill()
  await site.failOver()
  await until(async () => outcome.made.length > before + 50, 'deliveries afterwards')
  await outcome.stop()
  t.ok((outcome.errors.get('store_unavailable') ?? 0) > 0)
  await verify(t, lines, outcome.made)
})
