import { randomUUID } from 'node:crypto'
import type { Dialog } from '../dialog/index.js'
import type { SipRequest } from '../message/index.js'
import type { Remote } from '../transport/index.js'

/** `source|bytes|protocol|address|port|time`: six tokens that go with every message. */
export function meta(source: 'network' | 'application', bytes: number, peer: Remote): string {
  const time = new Date().toISOString().slice(11, 23)
  return `${source}|${bytes}|${peer.protocol}|${peer.address}|${peer.port}|${time}000`
}

/** Leader of an event inside a transaction or dialog that the application knows. */
export function eventLeader(about: string, transactionId: string, dialogId: string): string {
  return `${randomUUID()}|sip|${about}|${transactionId}|${dialogId}|`
}

/** Leader of a new request: with where it arrived. */
export function newRequestLeader(about: string, transactionId: string, dialogId: string, here: { host: string; port: number }): string {
  return `${randomUUID()}|sip|${about}|${transactionId}|${dialogId}|${here.host}|${here.port}|`
}

export function replyLeader(messageId: string, result: 'OK' | 'NO' | 'NOK', ...data: string[]): string {
  return [randomUUID(), 'response', messageId, result, ...data].join('|')
}

/** The name of a dialog between server and application: Call-ID and the tag in From of the first INVITE, for both roles. */
export function dialogIdOf(dialog: Dialog): string {
  return dialogId(dialog.callId, dialog.role === 'uac' ? dialog.localTag : dialog.remoteTag)
}

/** The same, from that INVITE. */
export function dialogIdFrom(invite: SipRequest): string {
  return dialogId(invite.callId, invite.fromTag ?? '')
}

function dialogId(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`
}
