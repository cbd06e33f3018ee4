import { keyName } from '../keys.js'
import type { Store } from '../redis.js'
import { list, text } from '../reply.js'

/**
 * What was destroyed, kept beside the data: when the key store comes back from a backup that was made before, the
 * keys in it are destroyed again. Scopes are texts (scope.ts), times Unix ms.
 */
export interface KeyJournal {
  /** Call before destroying. */
  note(scopes: readonly string[], now: number): Promise<void>
  /** Time of the latest note; 0 when there is none. */
  last(): Promise<number>
  all(): Promise<string[]>
}

const dated = keyName('destroyed', 'maskline')
const undated = keyName('destroyed', 'maskline', 'undated')
const batch = 500
/** A backup that is older holds nothing that any period still covers. */
const keptMs = 400 * 86_400_000

/** @param data the store of the data, not that of the keys */
export function keyJournal(data: Store): KeyJournal {
  const lastOf = async (name: string): Promise<number> => {
    const [, score] = list(await data.call('ZRANGE', name, '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES'))
    return score === undefined ? 0 : Number(text(score))
  }
  return {
    async note(scopes, now) {
      for (let at = 0; at < scopes.length; at += batch) {
        const some = scopes.slice(at, at + batch)
        for (const name of [dated, undated]) {
          const members = some.filter((scope) => scope.endsWith('.0') === (name === undated))
          if (members.length > 0) await data.call('ZADD', name, ...members.flatMap((scope) => [now, scope]))
        }
      }
      await data.call('ZREMRANGEBYSCORE', dated, '-inf', now - keptMs)
    },
    last: async () => Math.max(await lastOf(dated), await lastOf(undated)),
    all: async () => [...await data.zrange(dated), ...await data.zrange(undated)]
  }
}
