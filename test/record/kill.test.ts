import t from 'tap'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPrivateRedis } from '../../src/embedded/redis.js'
import type { CallStart } from '../../src/record/types.js'
import { createStore } from '../../src/store/redis.js'
import { silent } from '../support/log.js'
import { benchOn, callStart, ends, noon, type Bench } from './support.js'

/** More rounds by hand: MASKLINE_KILLS=50. */
const rounds = Number(process.env.MASKLINE_KILLS ?? 4)

interface Accepted {
  readonly opened: CallStart[]
  readonly finished: CallStart[]
}

/** Calls come and end as fast as Redis takes them, until it is dead; what it said yes to is noted. */
async function callUntilDead(rig: Bench, round: number, signal: AbortSignal): Promise<Accepted> {
  const journal = rig.journal()
  const accepted: Accepted = { opened: [], finished: [] }
  const one = async (at: number): Promise<void> => {
    const start = callStart({ shopId: 'one', deliveryId: `demo-${round}-${at % 50}`, startedAt: noon + at })
    await journal.open(start)
    accepted.opened.push(start)
    if (at % 3 !== 0) return
    if (await journal.finish(start, ends.talked(start)) !== undefined) accepted.finished.push(start)
  }
  const caller = async (from: number): Promise<void> => {
    for (let at = from; !signal.aborted; at += 20) await one(at)
  }
  await Promise.allSettled(Array.from({ length: 20 }, (_, from) => caller(from)))
  journal.close()
  return accepted
}

t.test('nothing that was accepted is lost when redis-server is killed -9', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-kill-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const known: Accepted = { opened: [], finished: [] }
  let ring: Bench['ring'] | undefined
  for (let round = 0; round < rounds; round++) {
    const redis = await startPrivateRedis({ dir, log: silent })
    const store = createStore({ url: redis.url, commandTimeoutMs: 2000, log: silent })
    await store.ready(10_000)
    const rig = benchOn(t, store, ['one'], ring)
    ring = rig.ring
    const dead = new AbortController()
    const calls = callUntilDead(rig, round, dead.signal)
    await sleep(200 + Math.random() * 1000)
    process.kill(redis.pid, 'SIGKILL')
    dead.abort()
    const { opened, finished } = await calls
    known.opened.push(...opened)
    known.finished.push(...finished)
    await store.close()
  }

  const redis = await startPrivateRedis({ dir, log: silent })
  const store = createStore({ url: redis.url, commandTimeoutMs: 5000, log: silent })
  t.teardown(async () => {
    await store.close()
    await redis.close()
  })
  await store.ready(10_000)
  const { log } = benchOn(t, store, ['one'], ring)
  const found = new Map<string, string>()
  for await (const calls of log.each('one', { from: 0, to: noon * 2 })) for (const { id, state } of calls) found.set(id, state)
  t.ok(known.opened.length > rounds && known.finished.length > 0, `${known.opened.length} calls were accepted, ${known.finished.length} ends`)
  t.equal(known.opened.filter(({ id }) => !found.has(id)).length, 0, 'calls that are lost')
  t.equal(known.finished.filter(({ id }) => found.get(id) !== 'ended').length, 0, 'ends that are lost')
  const counted = Number(await store.hget('stat:{shop.one}:20261121', 'calls'))
  t.equal([...found.values()].filter((state) => state === 'ended').length, counted, 'every end was counted, and none twice')
})
