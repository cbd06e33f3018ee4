import type { Store } from '../../store/redis.js'
import { int, list, text } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { verifySigned, type Signer } from '../signing.js'
import { retentionKeys } from './keys.js'
import { LockLost } from './lock.js'
import type { ClassOutcome, Fence, RetentionRun } from './types.js'

const dropScript = loadScript(new URL('../../../src/record/retention/lua/drop-runs.lua', import.meta.url))
const batch = 200

/** The reports of a shop's runs. Rejects with MaskError store_unavailable only. */
export interface Runs {
  /** Newest first. */
  list(shopId: string, limit: number): Promise<RetentionRun[]>
  /** How many ended before a time (Unix ms). */
  countBefore(shopId: string, before: number): Promise<number>
  /** Removes those. @returns how many. @throws LockLost */
  dropBefore(shopId: string, before: number, fence: Fence): Promise<number>
  /** End of the oldest that is left (Unix ms). */
  oldest(shopId: string): Promise<number | undefined>
}

export function createRuns(store: Store): Runs {
  const range = async (shopId: string, from: number, to: number): Promise<RetentionRun[]> =>
    list(await store.call('LRANGE', retentionKeys(shopId).runs, from, to)).map((one) => JSON.parse(text(one)) as RetentionRun)
  /** They lie newest first, so the old ones are counted from the end. */
  const countBefore = async (shopId: string, before: number): Promise<number> => {
    let count = 0
    for (;;) {
      const reports = await range(shopId, -count - batch, -count - 1)
      const old = reports.filter(({ endedAt }) => endedAt < before).length
      count += old
      if (old < batch) return count
    }
  }
  return {
    list: (shopId, limit) => range(shopId, 0, limit - 1),
    countBefore,
    async dropBefore(shopId, before, fence) {
      const count = await countBefore(shopId, before)
      if (count === 0) return 0
      const dropped = int(await store.run(dropScript, [fence.key, retentionKeys(shopId).runs], [fence.token, count]))
      if (dropped < 0) throw new LockLost()
      return dropped
    },
    oldest: async (shopId) => (await range(shopId, -1, -1))[0]?.endedAt
  }
}

type Unsigned = Omit<RetentionRun, 'signature'>
/** A report as everybody sees it, and as it is signed: times in RFC 3339, UTC. */
export interface ReportView extends Pick<RetentionRun, 'id' | 'shopId' | 'cause' | 'state'> {
  readonly startedAt: string
  readonly endedAt: string
  readonly classes: readonly (Omit<ClassOutcome, 'oldestLeft' | 'nextDue'> & { readonly oldestLeft?: string, readonly nextDue?: string })[]
}

export function reportView({ id, shopId, startedAt, endedAt, cause, state, classes }: Unsigned): ReportView {
  return {
    id, shopId, cause, state, startedAt: timeText(startedAt), endedAt: timeText(endedAt),
    classes: classes.map(({ oldestLeft, nextDue, ...counts }) => ({
      ...counts,
      ...(oldestLeft === undefined ? {} : { oldestLeft: timeText(oldestLeft) }),
      ...(nextDue === undefined ? {} : { nextDue: timeText(nextDue) })
    }))
  }
}

const timeText = (ms: number): string => new Date(ms).toISOString()

/** A report with its signature. */
export function signRun(signer: Signer, report: Unsigned): RetentionRun {
  return { ...report, signature: signer.sign(reportView(report)) }
}

/**
 * Whether a report is as it was written: Ed25519 over the canonical JSON (RFC 8785) of what the API tells of it but
 * the signature itself. @param publicKey SPKI in DER, base64, as GET /v1/retention/runs tells it
 */
export function verifyRun(run: RetentionRun, publicKey: string): boolean {
  return verifySigned(publicKey, reportView(run), run.signature)
}
