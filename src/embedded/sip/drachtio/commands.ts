import { AgentError, Incoming, OutgoingInvite, type Dialog, type Outgoing, type UserAgent } from '../dialog/index.js'
import { Headers, serialize, SipFormatError, SipParseError, SipRequest, tryParseUri, type SipResponse } from '../message/index.js'
import type { Remote } from '../transport/index.js'
import type { App } from './app.js'
import type { Bridge } from './bridge.js'
import type { Call, Calls } from './calls.js'
import { dialogIdFrom, dialogIdOf, eventLeader, meta, replyLeader } from './leader.js'
import { headerOf, placeHost, without, type AppMessage } from './text.js'

/** Something an application asked for that is answered NOK with this text. */
class Refusal extends Error {}

export interface CommandParts {
  readonly agent: UserAgent
  readonly bridge: Bridge
  readonly calls: Calls
  readonly here: { readonly host: string; readonly port: number }
  /** Names under which a Request-URI means this server itself. */
  readonly ownHosts: ReadonlySet<string>
}

/** From the applications to the network: the `sip` command. Each one is answered once, OK with the message as sent or NOK. */
export class Commands {
  /** Our INVITEs without a final response, by transaction id. */
  readonly #invites = new Map<string, OutgoingInvite>()

  constructor(private readonly parts: CommandParts) {}

  /** @returns false when the command breaks the protocol, so that the connection must end */
  run(app: App, messageId: string, message: AppMessage): boolean {
    const [, , transactionId = '', dialogId = '', proxy = ''] = message.tokens
    const response = message.startLine.startsWith('SIP/')
    if (response && transactionId === '') return false
    try {
      if (response) this.#respond(app, messageId, transactionId, message)
      else if (dialogId !== '') this.#inDialog(app, messageId, dialogId, message)
      else if (transactionId !== '') this.#cancel(app, messageId, transactionId, message)
      else this.#request(app, messageId, message, proxy)
    } catch (error) {
      app.send(replyLeader(messageId, 'NOK', refusalText(error, dialogId !== '' && !response)))
    }
    return true
  }

  /** What a lost application leaves behind: its calls end. */
  abandoned(app: App): void {
    for (const call of this.parts.calls.of(app)) {
      call.outgoing?.cancel()
      for (const dialog of [...call.dialogs]) this.parts.agent.end(dialog, 'the application is gone')
    }
  }

  #respond(app: App, messageId: string, transactionId: string, message: AppMessage): void {
    const given = this.parts.bridge.given(transactionId)
    const status = Number(/^SIP\/2\.0 ([1-6]\d\d)(?: |$)/.exec(message.startLine)?.[1])
    if (given?.app !== app || Number.isNaN(status)) throw new AgentError('answered')
    const { incoming } = given
    const toTag = /;\s*tag=([^;,\s>]+)/i.exec(headerOf(message, 'to') ?? '')?.[1]
    const response = incoming.respond(status, {
      reason: message.startLine.slice(12), body: message.body, headers: without(this.#headers(message), 'from', 'to', 'call-id', 'cseq'),
      ...(toTag === undefined ? {} : { toTag })
    })
    given.patience?.cancel()
    if (status >= 200) this.parts.bridge.answered(incoming)
    const bytes = serialize(response)
    const about = meta('application', bytes.length, incoming.target)
    app.send(replyLeader(messageId, 'OK', about, transactionId, idFor(incoming), '', 'Msg sent:', ''), bytes)
  }

  #request(app: App, messageId: string, message: AppMessage, proxy: string): void {
    const { method, uri } = requestLine(message)
    if (/^(?:ACK|CANCEL|PRACK|BYE)$/.test(method)) throw new Refusal(`${method} needs a dialog or transaction`)
    if (this.#isMine(uri)) throw new Refusal('can not send request to myself')
    const request = new SipRequest(method, uri, new Headers(this.#headers(message)), message.body)
    const outgoing: Outgoing = this.parts.agent.request(request, {
      onResponse: (response, from) => this.#response(app, outgoing, response, from, call)
    }, proxy === '' ? {} : { proxy: /^sips?:/i.test(proxy) ? proxy : `sip:${proxy}` })
    const call = outgoing instanceof OutgoingInvite ? this.#openCall(app, outgoing) : undefined
    this.#echo(app, messageId, outgoing)
  }

  #openCall(app: App, outgoing: OutgoingInvite): Call {
    const call = this.parts.calls.open(dialogIdFrom(outgoing.request), app)
    call.outgoing = outgoing
    this.#invites.set(outgoing.id, outgoing)
    return call
  }

  #inDialog(app: App, messageId: string, dialogId: string, message: AppMessage): void {
    const { method } = requestLine(message)
    const call = this.parts.calls.get(dialogId)
    const dialog = this.#dialogFor(dialogId, call, method, message)
    if (call?.app !== app || dialog === undefined) throw new AgentError(method === 'ACK' ? 'no_ack_due' : 'dialog_gone')
    const draft = { headers: this.#headers(message), body: message.body }
    if (method === 'ACK') return this.#acknowledge(app, messageId, dialog, draft)
    const outgoing: Outgoing = this.parts.agent.requestIn(dialog, method, draft, {
      onResponse: (response, from) => this.#response(app, outgoing, response, from, call)
    })
    if (outgoing instanceof OutgoingInvite) this.#invites.set(outgoing.id, outgoing)
    this.#echo(app, messageId, outgoing)
  }

  #dialogFor(dialogId: string, call: Call | undefined, method: string, message: AppMessage): Dialog | undefined {
    const current = this.parts.calls.dialog(dialogId)
    if (method !== 'PRACK') return current
    return call?.outgoing?.dialogFor(headerOf(message, 'rack') ?? '') ?? current
  }

  #acknowledge(app: App, messageId: string, dialog: Dialog, draft: { headers: (readonly [string, string])[]; body: Buffer }): void {
    const bytes = serialize(this.parts.agent.acknowledge(dialog, draft))
    app.send(replyLeader(messageId, 'OK', meta('application', bytes.length, dialog.nextHop), messageId, 'Msg sent:', ''), bytes)
  }

  #cancel(app: App, messageId: string, transactionId: string, message: AppMessage): void {
    const invite = this.#invites.get(transactionId)
    const headers = without(this.#headers(message), 'from', 'to', 'contact', 'p-asserted-identity', 'call-id', 'cseq', 'max-forwards')
    const cancel = requestLine(message).method === 'CANCEL' ? invite?.cancel(headers) : undefined
    if (invite === undefined || cancel === undefined) throw new Refusal(`unable to cancel unknown transaction id: ${transactionId}`)
    const bytes = serialize(cancel)
    app.send(replyLeader(messageId, 'OK', meta('application', bytes.length, invite.to), messageId, 'Msg sent:', ''), bytes)
  }

  #echo(app: App, messageId: string, outgoing: Outgoing): void {
    const bytes = serialize(outgoing.request)
    app.send(replyLeader(messageId, 'OK', meta('application', bytes.length, outgoing.to), outgoing.id, 'Msg sent:', ''), bytes)
  }

  #response(app: App, outgoing: Outgoing, response: SipResponse, from: Remote | undefined, call: Call | undefined): void {
    const { dialog } = outgoing
    if (response.status >= 200 && this.#invites.delete(outgoing.id) && call?.outgoing === outgoing) this.parts.calls.decided(call)
    // Nobody is left to acknowledge it or to hang up.
    if (!app.open && dialog?.ackDue !== undefined) return this.parts.agent.end(dialog, 'the application is gone')
    const bytes = serialize(response)
    app.send(eventLeader(meta('network', bytes.length, from ?? outgoing.to), outgoing.id, call?.id ?? ''), bytes)
  }

  /** The headers to send, with a Content-Type where the body shows that it is SDP. */
  #headers(message: AppMessage): (readonly [string, string])[] {
    const headers = placeHost(message.headers, this.parts.here.host, this.parts.here.port)
    if (message.body.length === 0 || headerOf(message, 'content-type') !== undefined) return headers
    if (message.body.toString('latin1', 0, 3) !== 'v=0') throw new AgentError('missing_content_type')
    return [...headers, ['Content-Type', 'application/sdp']]
  }

  #isMine(text: string): boolean {
    const uri = tryParseUri(text)
    return uri !== undefined && (uri.port ?? 5060) === this.parts.here.port && this.parts.ownHosts.has(uri.host)
  }
}

function requestLine(message: AppMessage): { method: string; uri: string } {
  const found = /^(\S+) (\S+) SIP\/2\.0$/i.exec(message.startLine)
  if (found === null) throw new Refusal('invalid or missing method supplied on start line')
  return { method: found[1]!.toUpperCase(), uri: found[2]! }
}

/** An INVITE has its dialog id from the start; another request outside a dialog has none. */
function idFor(incoming: Incoming): string {
  if (incoming.dialog !== undefined) return dialogIdOf(incoming.dialog)
  return incoming.request.method === 'INVITE' ? dialogIdFrom(incoming.request) : ''
}

function refusalText(error: unknown, inDialog: boolean): string {
  const known = error instanceof AgentError || error instanceof Refusal || error instanceof SipFormatError || error instanceof SipParseError
  const text = known ? error.message : 'Internal server error sending message'
  return inDialog ? `Server error: ${text}` : text
}
