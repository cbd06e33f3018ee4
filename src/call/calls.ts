import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../telemetry/log.js'
import { MaskError } from '../errors.js'
import type { Teller } from '../record/rights/types.js'
import type { InboundCall } from '../sip/types.js'
import { begunByApp } from './app-caller.js'
import { startCallback, type CallbackOrder } from './callback.js'
import type { CallDeps } from './deps.js'
import { fromTrunk, type Origin } from './origin.js'
import { startProofCall } from './proof-call.js'
import { CallSession } from './session.js'

/** Calls that a shop starts. */
export interface Callbacks {
  /** Resolves to the call's id as soon as the first party is about to ring. @throws as startCallback, overloaded, sip_unavailable while this process ends */
  callBack(order: CallbackOrder): Promise<string>
}

export interface Calls extends Callbacks {
  /** Rings a phone and says a code there. @throws MaskError phone_not_allowed, sip_unavailable */
  tell: Teller
  /** Live calls, in whatever state. */
  readonly live: number
  /** Takes an INVITE from the SIP room. */
  take(inbound: InboundCall): void
  /**
   * Starts no more calls for shops; INVITEs that still come are served, because another process cannot have them any
   * more. Resolves when no call is left, or when `limit` aborts.
   */
  drain(limit: AbortSignal): Promise<void>
  /** Refuses new calls, ends the live ones and resolves when all have their record. */
  close(): Promise<void>
}

interface Stoppable {
  /** Whether its set-up waits for us. */
  readonly atWork?: boolean
  stop(): void
}

/** Whether calls can begin. */
export interface Capacity {
  /**
   * One more beside so many.
   * @param inSetUp not talking yet, ringing ones included
   * @param atWork those of them that wait for us, and not for a person or somebody else's system
   */
  admits(inSetUp: number, atWork: number): boolean
  /** Whether anybody could be rung. */
  reaches(): boolean
}

const always: Capacity = { admits: () => true, reaches: () => true }

/** Seconds after which somebody who was turned away for want of capacity may try again. */
const overloadRetrySeconds = 2
/** How often a drain looks whether calls are left, in milliseconds. */
const drainLookMs = 100

/** Starts a session for every call that comes from a trunk of ours, and knows those that live. */
export function createCalls(deps: CallDeps, log: Log, capacity: Capacity = always): Calls {
  const sessions = new Map<Stoppable, Promise<unknown>>()
  const inSetUp = new Map<string, Stoppable>()
  const state = { closing: false, draining: false }
  deps.events.on('call.answered', ({ callId }) => inSetUp.delete(callId))

  const keep = (session: Stoppable, run: Promise<unknown>, id?: string): void => {
    if (id !== undefined) inSetUp.set(id, session)
    sessions.set(session, run.finally(() => {
      sessions.delete(session)
      if (id !== undefined) inSetUp.delete(id)
    }))
    if (state.closing) session.stop()
  }
  const admits = (): boolean => {
    if (capacity.admits(inSetUp.size, atWork(inSetUp.values()))) return true
    deps.events.emit('overload.refused', { what: 'call' })
    return false
  }
  const needAdmission = (): void => {
    if (state.closing || state.draining || !capacity.reaches()) throw new MaskError('sip_unavailable', { retryAfter: 1 })
    if (!admits()) throw new MaskError('overloaded', { retryAfter: overloadRetrySeconds })
  }

  const begin = (inbound: InboundCall, origin: Origin): void => {
    if (state.closing || !admits()) { inbound.reject(503, state.closing ? 5 : overloadRetrySeconds); return; }
    const session = new CallSession(deps, inbound, origin)
    keep(session, session.run(), session.id)
  }
  return {
    get live() {
      return sessions.size
    },
    take(inbound) {
      const trunk = deps.trunks.recognise(inbound.source)
      if (trunk) begin(inbound, fromTrunk(trunk))
      else if (deps.accounts.serves(inbound.uri)) void begunByApp(deps.accounts, inbound, begin, log)
      else refuseStranger(inbound, log)
    },
    async callBack(order) {
      needAdmission()
      const callback = await startCallback(deps, order)
      keep(callback, callback.done, callback.callId)
      return callback.callId
    },
    async tell(order) {
      needAdmission()
      const call = await startProofCall(deps, order)
      keep(call, call.done)
      return call
    },
    async drain(limit) {
      state.draining = true
      while (sessions.size > 0 && !limit.aborted) await sleep(drainLookMs, undefined, { signal: limit }).catch(() => undefined)
    },
    async close() {
      state.closing = true
      for (const session of sessions.keys()) session.stop()
      await Promise.allSettled(sessions.values())
    }
  }
}

function atWork(sessions: Iterable<Stoppable>): number {
  let count = 0
  for (const session of sessions) if (session.atWork) count++
  return count
}

/** Nothing of a stranger's message is read any further, and nothing is said about why. */
function refuseStranger(inbound: InboundCall, log: Log): void {
  log.warn('call.stranger_refused')
  inbound.reject(403)
}
