import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Whether new work can be taken. */
export interface Load {
  /**
   * Decides about one new piece of work, at no cost.
   * @param inFlight pieces of its kind that are under way
   * @param most how many there may be
   * @param calm with fewer under way a late event loop is not our doing, and refusing would not help
   */
  admits(inFlight: number, most: number, calm?: number): boolean
  close(): void
}

export interface LoadOptions {
  /** Milliseconds that work may wait in the event loop before some of what is new is refused. */
  readonly eventLoopDelayMs: number
  /** Milliseconds that work waited of late; asked five times a second. The event loop's own unless a test brings its own. */
  readonly delayMs?: () => number
}

const sampleEveryMs = 200
const resolutionMs = 10
const usualCalm = 20
/** The share that is admitted falls fast and comes back slowly, so that it settles just below what can be done. */
const fall = 0.7
const rise = 0.02
const least = 0.05

/** The admission by counts and by the delay of the event loop. */
export function createLoad({ eventLoopDelayMs, delayMs = measuredDelay() }: LoadOptions): Load & { sample(): void } {
  let share = 1
  let credit = 0
  const sample = (): void => {
    share = delayMs() > eventLoopDelayMs ? Math.max(least, share * fall) : Math.min(1, share + rise)
  }
  const timer = setInterval(sample, sampleEveryMs).unref()
  return {
    sample,
    admits(inFlight, most, calm = usualCalm) {
      if (inFlight >= most) return false
      if (share === 1 || inFlight < calm) return true
      credit = Math.min(credit + share, 2)
      if (credit < 1) return false
      credit--
      return true
    },
    close: () => { clearInterval(timer) }
  }
}

/** The median lateness since it was last asked: one long pause is no overload. */
function measuredDelay(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  return () => {
    const late = histogram.percentile(50) / 1e6 - resolutionMs
    histogram.reset()
    return late
  }
}
