import type { SipMessage, SipRequest, SipResponse } from '../message/index.js'
import { options, type AgentContext } from './context.js'
import type { Dialog } from './dialog.js'

/** RFC 4028 §4: the shortest interval that may be asked for, in seconds. */
export const minSessionSeconds = 90

interface SessionExpires {
  readonly seconds: number
  readonly refresher: string | undefined
}

function sessionExpires(message: SipMessage): SessionExpires | undefined {
  const found = /^(\d{1,7})\s*(?:;(.*))?$/.exec(message.headers.get('session-expires')?.trim() ?? '')
  if (found === null) return undefined
  return { seconds: Number(found[1]), refresher: /(?:^|;)\s*refresher\s*=\s*(uac|uas)/i.exec(found[2] ?? '')?.[1]?.toLowerCase() }
}

/** Whether a request asks for an interval that is answered 422 (RFC 4028 §8.1). */
export function intervalTooSmall(request: SipRequest): boolean {
  const asked = sessionExpires(request)
  return asked !== undefined && asked.seconds < minSessionSeconds && options(request, 'supported').has('timer')
}

/**
 * Agrees to a session timer when the peer asks for one and can refresh it itself (RFC 4028 §9). We never
 * refresh: where the peer wants the answering side to, the session has no timer.
 */
export function offerSessionTimer(request: SipRequest, response: SipResponse): void {
  const asked = sessionExpires(request)
  if (asked === undefined || asked.refresher === 'uas' || !options(request, 'supported').has('timer')) return
  if (response.headers.has('session-expires')) return
  response.headers.add('Session-Expires', `${asked.seconds};refresher=uac`)
  if (!options(response, 'require').has('timer')) response.headers.add('Require', 'timer')
}

/** (Re)starts the timer that the 2xx to a re-INVITE or UPDATE of the peer agreed on (RFC 4028 §10). */
export function armSessionTimer(dialog: Dialog, response: SipResponse, context: AgentContext): void {
  const agreed = sessionExpires(response)
  dialog.sessionTimer?.cancel()
  dialog.sessionTimer = undefined
  if (agreed?.refresher !== 'uac') return
  const seconds = agreed.seconds - Math.min(32, agreed.seconds / 3)
  dialog.sessionTimer = context.timers.after(context.timers.seconds(seconds), () => context.end(dialog, 'Session timer expired'))
}
