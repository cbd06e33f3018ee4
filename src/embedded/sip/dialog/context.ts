import type { SipRequest, SipResponse } from '../message/index.js'
import type { ClientTransaction, ClientUser, Timers } from '../transaction/index.js'
import type { Protocol, Remote } from '../transport/index.js'
import type { Dialog } from './dialog.js'

/** Why a dialog ended without its user asking for it; each is the text of a Reason header. */
export type EndReason =
  | 'ACK timeout' | 'PRACK timeout' | 'ACK-BYE due to cancel race condition' | 'CANCEL after 200 OK' | 'Session timer expired'
  | 'no ACK from the application' | 'no Contact in the answer' | 'the application is gone'

/** What the parts of the agent share. */
export interface AgentContext {
  readonly timers: Timers
  /** Our own Contact for a protocol. */
  contact: (protocol: Protocol) => string
  /** Starts a transaction; with `hold` it is made but not started. */
  send: (request: SipRequest, to: Remote, user: ClientUser, hold?: boolean) => ClientTransaction
  sendAck: (ack: SipRequest, to: Remote) => Buffer
  resend: (bytes: Buffer, to: Remote) => void
  /** Dialogs are found from here on, and no more. */
  add: (dialog: Dialog) => void
  remove: (dialog: Dialog) => void
  /** Ends a dialog with a BYE of our own and tells the user. */
  end: (dialog: Dialog, reason: EndReason) => void
  /** Tells the user that a dialog it believes in never came to be. */
  lost: (dialog: Dialog, reason: EndReason) => void
}

/** The options in a list header such as Supported, lower case. */
export function options(message: SipRequest | SipResponse, header: 'supported' | 'require'): Set<string> {
  return new Set(message.headers.list(header).map((option) => option.toLowerCase()))
}
