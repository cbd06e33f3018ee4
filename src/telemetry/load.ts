import { performance } from 'node:perf_hooks'
import type { Config } from '../config.js'
import { CallRate } from './call-rate.js'

/**
 * Whether new work can be taken. Everything there is to do waits for one thread: the more is begun at the same time, the
 * longer each takes. So while that thread is busy only so much is begun as those who are admitted do not notice.
 */
export interface Load {
  /**
   * Decides about one more call, at no cost.
   * @param inSetUp calls that nobody has answered yet
   * @param atWork those of them that wait for us, and not for a person or somebody else's system
   */
  readonly admitsCall: (inSetUp: number, atWork: number) => boolean
  /** Decides about one more HTTP request beside so many that have no answer yet. */
  readonly admitsRequest: (inFlight: number) => boolean
  /** Looks at how busy we were since the last look; done five times a second. */
  look(): void
  close(): void
}

const lookEveryMs = 200
/** So many requests are as much work as one call. */
const requestsPerCall = 10

/** @param utilization the share of the time since it was last asked, 0 to 1, in which there was work to do; the event loop's own unless a test brings its own */
export function createLoad(limits: Config['overload'], utilization = eventLoopUtilization()): Load {
  const rate = new CallRate()
  let busy = false
  // Asked for since the last look, and which of both was more work before it: no call is turned away for a flood of requests.
  let [calls, requests, byCalls] = [0, 0, true]
  const look = (): void => {
    const strain = utilization() * 100 / limits.busyPercent
    busy = strain > 1
    byCalls = calls * requestsPerCall >= requests
    calls = requests = 0
    if (byCalls) rate.adapt(strain)
    else rate.forget()
  }
  const timer = setInterval(look, lookEveryMs).unref()
  return {
    admitsCall(inSetUp, atWork) {
      calls++
      return inSetUp < limits.callsInSetUp && rate.admits(busy && byCalls && atWork >= limits.callsWhenBusy)
    },
    admitsRequest(inFlight) {
      requests++
      return inFlight < limits.requestsInFlight && !(busy && inFlight >= limits.requestsWhenBusy)
    },
    look,
    close: () => { clearInterval(timer) }
  }
}

function eventLoopUtilization(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const before = last
    last = performance.eventLoopUtilization()
    return performance.eventLoopUtilization(last, before).utilization
  }
}
