import { MaskError } from '../../errors.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import type { Wrapper } from './master.js'
import type { KeptKey, KeyShelf } from './shelf.js'

interface Parts {
  readonly shelf: KeyShelf
  readonly current: Wrapper
  /** All that this process has, by id. */
  readonly wrappers: ReadonlyMap<string, Wrapper>
  readonly log: Log
}

const locked = 'The key store holds keys that another master key wraps: give the earlier one as MASKLINE_MASTER_KEY_FORMER, or the right one as MASKLINE_MASTER_KEY.'

/** Opens a key with any master key that we have. @throws MaskError internal */
export function unwrap({ scope, wrapped }: KeptKey, wrappers: Parts['wrappers']): Buffer {
  for (const [id, bytes] of wrapped) {
    const wrapper = wrappers.get(id)
    if (wrapper !== undefined) return wrapper.unwrap(bytes, scope)
  }
  throw new MaskError('internal', { cause: locked })
}

/** See KeyRing.rewrap. */
export async function rewrapAll(parts: Parts): Promise<number> {
  const tally = { changed: 0, dropped: 0, locked: 0 }
  for await (const page of parts.shelf.list({})) {
    await Promise.all(page.map(async (key) => {
      try {
        const without = [...key.wrapped.keys()].filter((id) => !parts.wrappers.has(id))
        if (!await rewrapKey(parts, key, without)) return
        tally.changed += 1
        tally.dropped += without.length
      } catch (error) {
        tally.locked += lockedBy(error, parts.log)
      }
    }))
  }
  // So that the files say nothing any more to whoever has the old master key.
  if (tally.dropped > 0) await parts.shelf.purge({ always: true, now: Date.now() })
  if (tally.changed > 0) parts.log.info('keys.rewrapped', { count: tally.changed })
  if (tally.locked > 0) throw new MaskError('config_invalid', { cause: locked })
  return tally.changed
}

async function rewrapKey({ shelf, current, wrappers }: Parts, key: KeptKey, without: readonly string[]): Promise<boolean> {
  const missing = !key.wrapped.has(current.id)
  if (!missing && without.length === 0) return false
  const secret = unwrap(key, wrappers)
  const wrapped = missing ? current.wrap(secret, key.scope) : undefined
  secret.fill(0)
  return shelf.rewrap(key, current.id, wrapped, without)
}

/** A key that was tampered with is one key lost; it stays as it is. @returns 1 when it is a matter of the master keys */
function lockedBy(error: unknown, log: Log): number {
  if (!(error instanceof MaskError) || error.code !== 'internal') throw error
  log.error('keys.locked', errorFields(error))
  return error.cause === locked ? 1 : 0
}
