import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const everyMs = 1000

/**
 * Brings what Redis has appended to the disk, once a second. Redis would do that itself (`appendfsync everysec`),
 * but then it holds back what comes meanwhile for up to two seconds on a slow disk, after it has said yes: a
 * `kill -9` in that moment loses it. With `appendfsync no` every command is with the system before its answer, so
 * that only a machine that loses power may lose the last second.
 * @param dir Redis' folder @returns stops it
 */
export function syncAppendOnlyFile(dir: string): () => void {
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    void syncAll(join(dir, 'appendonlydir')).finally(() => { busy = false })
  }, everyMs).unref()
  return () => clearInterval(timer)
}

/** What is not there yet, or not any more, needs nothing. Never rejects. */
async function syncAll(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => [])
  for (const name of names.filter((one) => one.endsWith('.incr.aof'))) await syncFile(join(dir, name)).catch(() => undefined)
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}
