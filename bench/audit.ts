import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../src/embedded/redis.js'
import { createAudit } from '../src/record/audit/audit.js'
import { chainKey, chainKeys, genesis, makeEntry, monthOf } from '../src/record/audit/chain.js'
import { createSigner } from '../src/record/signing.js'
import { createKeyRing } from '../src/store/keyring/keyring.js'
import { forever } from '../src/store/keyring/types.js'
import { createStore } from '../src/store/redis.js'
import { loadScript } from '../src/store/scripts.js'
import { createLog } from '../src/telemetry/log.js'

/**
 * How long the verification of an audit chain takes: `node --import=tsx bench/audit.ts [entries]`, 1,000,000 without a
 * number. Prints one line of JSON.
 */
const count = Number(process.argv[2] ?? 1_000_000)
const dir = mkdtempSync(join(tmpdir(), 'maskline-bench-'))
const log = createLog('silent')
const redis = await startPrivateRedis({ dir, log })
const store = createStore({ url: redis.url, commandTimeoutMs: 10_000, log })
const anchorStore = createStore({ url: `${redis.url}/1`, commandTimeoutMs: 10_000, log })
await Promise.all([store.ready(5000), anchorStore.ready(5000)])
const keyRing = createKeyRing({ store: anchorStore, masterKeys: { current: Buffer.alloc(32, 1) }, log })
const signer = await createSigner({ store, keyRing })
const audit = createAudit({ store, anchorStore, keyRing, signer, log })

/** A year of entries, the last one just now. */
const stepMs = Math.floor(365 * 86_400_000 / count)
const start = Date.now() - count * stepMs
const appendScript = loadScript(new URL('../src/record/lua/audit-append.lua', import.meta.url))

const [fillMs] = await timed(fill)
const [appendMs] = await timed(async () => { for (let at = 0; at < 1000; at++) await audit.append({ shopId: 'bench', actor: { id: 'bench', roles: ['admin'] }, action: 'calls.read', result: 'done', scope: 'last ones' }) })
const [verifyMs, verdict] = await timed(() => audit.verify('bench'))
const [pageMs] = await timed(() => audit.list('bench', { limit: 100 }))
const [trimMs, trimmed] = await timed(() => audit.trim('bench', start + count / 2 * stepMs))
process.stdout.write(JSON.stringify({ entries: count, fillMs, appendMs: appendMs / 1000, verifyMs, whole: verdict.whole, checked: verdict.checked, pageMs, trimMs, trimmed, rssMiB: Math.round(process.memoryUsage().rss / 1048576) }) + '\n')

await audit.close()
await Promise.all([store.close(), anchorStore.close(), keyRing.close()])
await redis.close()
rmSync(dir, { recursive: true, force: true })

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const begun = performance.now()
  const result = await work()
  return [Math.round(performance.now() - begun), result]
}

/** As the trail writes them, many at a time. */
async function fill(): Promise<void> {
  const key = await keyRing.use(chainKey('bench'), forever)
  const keys = chainKeys('bench')
  let ahead = { ...genesis }
  for (let at = 0; at < count;) {
    const batch: Promise<unknown>[] = []
    for (; batch.length < 1000 && at < count; at++) {
      const { entry, raw } = makeEntry(key, ahead, { shopId: 'bench', actor: { id: 'bcdfghjkmnpq', roles: ['admin'] }, action: 'calls.read', result: 'done', scope: `${at % 500} calls`, ...(at % 10 === 0 ? { reason: 'asked by the courier at the desk' } : {}) }, start + at * stepMs)
      const month = monthOf(entry.at)
      batch.push(store.run(appendScript, [keys.head, keys.entries(month)], [ahead.hash, raw.id, raw.text, raw.hash, entry.seq, entry.at, month]))
      ahead = { seq: entry.seq, hash: entry.hash, at: entry.at }
    }
    await Promise.all(batch)
  }
}
