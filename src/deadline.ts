import { MaskError, type ErrorCode } from './errors.js'

/**
 * Waits for `work`, but no longer than `ms` milliseconds.
 * Several libraries below us have promises that never settle when their socket goes away;
 * nothing outside their adapters may wait on them without this.
 * When the deadline passes first, `onLate` receives what the work brings in the end, so that a
 * resource that arrives too late still finds an owner that frees it.
 * @throws MaskError with `code` when the time is over
 */
export async function within<T>(ms: number, work: Promise<T>, code: ErrorCode = 'deadline_exceeded', onLate?: (value: T) => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let late = false
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true
      reject(new MaskError(code))
    }, ms)
  })
  work.then((value) => { if (late) onLate?.(value) }, () => undefined)
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
