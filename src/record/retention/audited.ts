import type { Audit, AuditInput } from '../audit/types.js'

/**
 * Does something that must not happen without a trace: the entry is written first, and a second one if the work
 * fails. @throws what the trail or the work throws
 */
export async function audited<T>(audit: Pick<Audit, 'append'>, entry: Omit<AuditInput, 'result'>, work: () => Promise<T>): Promise<T> {
  await audit.append({ ...entry, result: 'done' })
  try {
    return await work()
  } catch (error) {
    // The error that counts is the work's own.
    await audit.append({ ...entry, result: 'failed' }).catch(() => undefined)
    throw error
  }
}
