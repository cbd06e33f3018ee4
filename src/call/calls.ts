import type { Log } from '../telemetry/log.js'
import { MaskError } from '../errors.js'
import type { Teller } from '../record/rights/types.js'
import type { InboundCall } from '../sip/types.js'
import { startCallback, type CallbackOrder } from './callback.js'
import type { CallDeps } from './deps.js'
import { startProofCall } from './proof-call.js'
import { CallSession } from './session.js'

/** Calls that a shop starts. */
export interface Callbacks {
  /** Resolves to the call's id as soon as the first party is about to ring. @throws as startCallback */
  callBack(order: CallbackOrder): Promise<string>
}

export interface Calls extends Callbacks {
  /** Rings a phone and says a code there. @throws MaskError phone_not_allowed, sip_unavailable */
  tell: Teller
  /** Live calls, in whatever state. */
  readonly live: number
  /** Takes an INVITE from the SIP room. */
  take(inbound: InboundCall): void
  /** Refuses new calls, ends the live ones and resolves when all have their record. */
  close(): Promise<void>
}

interface Stoppable {
  stop(): void
}

/** Starts a session for every call that comes from a trunk of ours, and knows those that live. */
export function createCalls(deps: CallDeps, log: Log): Calls {
  const sessions = new Map<Stoppable, Promise<unknown>>()
  const state = { closing: false }

  const keep = (session: Stoppable, run: Promise<unknown>): void => {
    sessions.set(session, run.finally(() => sessions.delete(session)))
    if (state.closing) session.stop()
  }

  return {
    get live() {
      return sessions.size
    },
    take(inbound) {
      const trunk = deps.trunks.recognise(inbound.source)
      if (!trunk) {
        // Nothing of a stranger's message is read any further, and nothing is said about why.
        log.warn('call.stranger_refused')
        inbound.reject(403); return;
      }
      if (state.closing) { inbound.reject(503, 5); return; }
      const session = new CallSession(deps, inbound, trunk)
      keep(session, session.run())
    },
    async callBack(order) {
      if (state.closing) throw new MaskError('sip_unavailable')
      const callback = await startCallback(deps, order)
      keep(callback, callback.done)
      return callback.callId
    },
    async tell(order) {
      if (state.closing) throw new MaskError('sip_unavailable')
      const call = startProofCall(deps, order)
      keep(call, call.done)
      return call
    },
    async close() {
      state.closing = true
      for (const session of sessions.keys()) session.stop()
      await Promise.allSettled(sessions.values())
    }
  }
}
