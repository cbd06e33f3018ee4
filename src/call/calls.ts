import type { Log } from '../telemetry/log.js'
import type { InboundCall } from '../sip/types.js'
import type { CallDeps } from './deps.js'
import { CallSession } from './session.js'

export interface Calls {
  /** Live calls, in whatever state. */
  readonly live: number
  /** Takes an INVITE from the SIP room. */
  take(inbound: InboundCall): void
  /** Refuses new calls, ends the live ones and resolves when all have their record. */
  close(): Promise<void>
}

/** Starts a session for every call that comes from a trunk of ours, and knows those that live. */
export function createCalls(deps: CallDeps, log: Log): Calls {
  const sessions = new Map<CallSession, Promise<unknown>>()
  let closing = false

  const start = (session: CallSession): void => {
    const run = session.run().finally(() => sessions.delete(session))
    sessions.set(session, run)
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
      if (closing) { inbound.reject(503, 5); return; }
      start(new CallSession(deps, inbound, trunk))
    },
    async close() {
      closing = true
      for (const session of sessions.keys()) session.stop()
      await Promise.allSettled(sessions.values())
    }
  }
}
