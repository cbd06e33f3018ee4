import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MaskError } from '../../errors.js'
import type { KeyRing, KeyScope } from '../../store/keyring/types.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { dayOf } from '../row.js'
import { piecesOf, sizesOf } from './file.js'
import type { RecordingInfo, Recordings } from './types.js'
import { wavHead } from './wav.js'
import { contextOf, SealedWriter } from './writer.js'

/** Bytes that sealing adds to a piece (DataKey.seal). */
const sealBytes = 1 + 4 + 12 + 16
const dayMs = 86_400_000
/** The longest period of the class, and a day of slack for the run that ends it. */
const longestMs = 32 * dayMs
const ending = '.sealed'

export interface RecordingsOptions {
  /** A folder of ours, also one that several machines share: nothing in it is readable without its key. */
  readonly dir: string
  readonly keys: KeyRing
  readonly log: Log
}

export function createRecordings({ dir, keys, log }: RecordingsOptions): Recordings {
  const folder = (shopId: string, day = ''): string => join(dir, safe(shopId), safe(day))
  const path = (shopId: string, day: string, callId: string): string => join(folder(shopId, day), `${safe(callId)}${ending}`)
  const days = async (shopId: string): Promise<string[]> => (await namesIn(folder(shopId))).filter((name) => /^\d{8}$/.test(name)).sort()
  const ofDay = async (shopId: string, day: string): Promise<string[]> =>
    (await namesIn(folder(shopId, day))).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length))

  const dayWith = async (shopId: string, callId: string): Promise<string | undefined> => {
    for (const day of await days(shopId)) if ((await ofDay(shopId, day)).includes(callId)) return day
    return undefined
  }

  return {
    days,
    ofDay,
    async begin({ id, shopId, startedAt }) {
      const day = dayOf(startedAt)
      const key = await keys.use(scopeOf(shopId, day), Math.floor(startedAt / dayMs) * dayMs + longestMs)
      const file = path(shopId, day, id)
      try {
        await mkdir(folder(shopId, day), { recursive: true, mode: 0o700 })
        return new SealedWriter({ file: await open(file, 'ax', 0o600), path: file, key, callId: id, log })
      } catch (error) {
        log.error('recording.failed', { callId: id, ...errorFields(error) })
        throw new MaskError('recording_unavailable', { cause: error })
      }
    },
    async find(shopId, callId) {
      const day = await dayWith(shopId, callId)
      if (day === undefined || await keys.find(scopeOf(shopId, day)) === undefined) return undefined
      return infoOf(callId, day, await sizesOf(path(shopId, day, callId)))
    },
    read: (shopId, info) => read(keys, shopId, info, path(shopId, info.day, info.callId)),
    async remove(shopId, callId) {
      const day = await dayWith(shopId, callId)
      if (day === undefined) return false
      await rm(path(shopId, day, callId), { force: true })
      if ((await namesIn(folder(shopId, day))).length === 0) await rm(folder(shopId, day), { recursive: true, force: true })
      return true
    }
  }
}

const scopeOf = (shopId: string, day: string): KeyScope => ({ purpose: 'recording', owner: shopId, period: day })

function infoOf(callId: string, day: string, sizes: readonly number[]): RecordingInfo {
  const samples = sizes.reduce((sum, size) => sum + size - sealBytes, 0)
  return { callId, day, seconds: Math.round(samples / 8000), bytes: wavHead(0).length + samples + samples % 2 }
}

async function * read(keys: KeyRing, shopId: string, info: RecordingInfo, file: string): AsyncGenerator<Buffer> {
  const sizes = await sizesOf(file)
  const samples = sizes.reduce((sum, size) => sum + size - sealBytes, 0)
  const key = await keys.find(scopeOf(shopId, info.day))
  if (key === undefined) throw new MaskError('key_destroyed')
  yield wavHead(samples)
  let index = 0
  for await (const piece of piecesOf(file)) {
    // Only the end of a recording that was cut off by a dying process lacks its mark.
    yield opened(() => key.open(piece, contextOf(info.callId, index, index === sizes.length - 1)), () => key.open(piece, contextOf(info.callId, index, false)))
    index++
  }
  if (samples % 2 === 1) yield Buffer.alloc(1)
}

function opened(...ways: (() => Buffer)[]): Buffer {
  for (const way of ways) {
    try {
      return way()
    } catch {
      // The next way may fit.
    }
  }
  throw new MaskError('recording_unavailable', { reason: 'damaged' })
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new MaskError('recording_unavailable', { cause: error })
  }
}

/** Ids of ours are letters and digits; anything else must not choose a path. */
function safe(name: string): string {
  if (!/^[a-zA-Z0-9-]*$/.test(name)) throw new MaskError('internal', { reason: 'name' })
  return name
}
