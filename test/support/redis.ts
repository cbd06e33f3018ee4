import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startPrivateRedis, type PrivateRedis } from '../../src/embedded/redis.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'

export interface TestRedis extends PrivateRedis {
  /** Where its append-only file lies. */
  readonly dir: string
}

/** A redis-server for one test file, gone with its data when the test ends. */
export async function testRedis(t: Pick<Test, 'teardown'>): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-redis-'))
  const redis = await startPrivateRedis({ dir, log: createLog('silent') })
  t.teardown(async () => {
    await redis.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return { ...redis, dir }
}

/** A connected store over it, closed when the test ends. */
export async function testStore(t: Pick<Test, 'teardown'>, redis: { readonly url: string }, commandTimeoutMs = 5000): Promise<Store> {
  const store = createStore({ url: redis.url, commandTimeoutMs, log: createLog('silent') })
  t.teardown(() => store.close())
  await store.ready(10_000)
  return store
}
