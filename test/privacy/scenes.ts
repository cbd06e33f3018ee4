import { setTimeout as sleep } from 'node:timers/promises'
import { realDrachtio } from '../support/sip-server.js'
import type { Whole } from '../support/whole.js'
import type { Message } from './carrier.js'
import type { Dialog, Party } from './party.js'
import { telling } from './places.js'

/** Two people, a line between them, and a carrier that repeats everything. */
export interface Play {
  readonly whole: Whole
  readonly a: Party
  readonly b: Party
  readonly number: string
  readonly deliveryId: string
}

const methodsInDialog = ['INFO', 'OPTIONS', 'MESSAGE', 'REFER', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'PRACK'] as const
/** Every final status that the registry knows beyond 200. */
export const refusals = [
  300, 301, 302, 305, 380, 400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 412, 413, 414, 415, 416, 417, 420, 421, 422, 423, 424, 425, 428, 429, 430, 433, 436, 437, 438, 439, 440,
  469, 470, 480, 481, 482, 483, 484, 485, 486, 487, 488, 489, 491, 493, 494, 500, 501, 502, 503, 504, 505, 513, 555, 580, 600, 603, 604, 606, 607, 608
] as const

/** A whole talk: every provisional answer, every method within it from both sides, sound with all that surrounds it. */
export async function talk({ a, b, number }: Play, hangsUp: 'a' | 'b', lateOffer = false): Promise<void> {
  const dialogA = a.invite(number, lateOffer ? {} : { body: a.sdp('INVITE') })
  const invite = await b.called()
  for (const status of [100, 180, 181, 182, 183, 199]) b.respond(invite, status, status === 183 ? { body: b.sdp('183'), tag: 'early' } : { tag: 'early' })
  b.respond(invite, 200, { body: b.sdp('200') })
  const dialogB = b.accepted(invite)
  const answer = await a.final(dialogA, 'INVITE')
  if (answer.status !== 200) throw new Error(`no talk but ${answer.status}`)
  a.joined(dialogA, answer)
  a.request(dialogA, 'ACK', lateOffer ? { body: a.sdp('ACK') } : {})
  await b.next((message) => message.method === 'ACK', 'an ACK')
  await Promise.all([a.speak(answer.body, 'RTP'), b.speak(invite.body, 'RTP')])
  await chatter(a, dialogA)
  await chatter(b, dialogB)
  const [ending, other, dialog] = hangsUp === 'a' ? [a, b, dialogA] as const : [b, a, dialogB] as const
  other.answerOthers = false
  ending.request(dialog, 'BYE')
  const bye = await other.next((message) => message.method === 'BYE' && message.status === 0, 'a BYE')
  other.respond(bye, 200)
  other.answerOthers = true
  await ending.final(dialog, 'BYE')
}

/** Everything that one side may say in the middle of a talk. */
async function chatter(party: Party, dialog: Dialog): Promise<void> {
  const secret = party.secret('body')
  const bodies: Record<string, [type: string, body: string]> = {
    INFO: ['application/dtmf-relay', `Signal=5\r\nDuration=160\r\nNote=${secret('INFO')}\r\n`],
    MESSAGE: ['text/plain', `${secret('MESSAGE')} call me at ${party.numbers[1]!}`],
    NOTIFY: ['message/sipfrag', `SIP/2.0 200 ${secret('NOTIFY')}`],
    PUBLISH: ['application/pidf+xml', `<presence entity="sip:${party.number}@${secret('PUBLISH')}.example"><lat>59.4</lat></presence>`]
  }
  // A method that nobody knows may be somebody's name.
  for (const method of [...methodsInDialog, party.secret('unknown method')('method').toUpperCase()]) {
    const [type, body] = bodies[method] ?? []
    party.request(dialog, method, type === undefined || body === undefined ? {} : { type, body })
    await party.final(dialog, method)
  }
  for (const method of ['UPDATE', 'INVITE', 'INVITE'] as const) {
    party.request(dialog, method, { body: party.sdp(`${method} within`, dialog.cseq % 2 === 0 ? 'sendrecv' : 'sendonly') })
    const response = await party.final(dialog, method)
    if (method === 'INVITE') party.request(dialog, 'ACK')
    if (response.status === 200) party.joined(dialog, response)
  }
  party.request(dialog, 'INVITE', { body: party.sdp('INVITE within') })
  await party.final(dialog, 'INVITE')
  party.request(dialog, 'ACK')
}

/** B refuses in every way that there is. @returns what A was told each time */
export async function refuse(play: Play, status: number): Promise<number> {
  const { a, b, number } = play
  const dialog = a.invite(number, { body: a.sdp('INVITE') })
  const invite = await b.called()
  b.respond(invite, 180, { tag: 'x' })
  b.respond(invite, status, { tag: 'x', type: 'text/html', body: `<p>${b.secret(`${status} to INVITE`)('body')} ${b.numbers[1]!}</p>` })
  const [final] = await Promise.all([a.final(dialog, 'INVITE'), b.next((message) => message.method === 'ACK', 'an ACK')])
  a.request(dialog, 'ACK')
  return final.status
}

/** A gives up while it rings. */
export async function cancel({ a, b, number }: Play): Promise<void> {
  const dialog = a.invite(number, { body: a.sdp('INVITE') })
  const invite = await b.called()
  b.respond(invite, 180, { tag: 'x' })
  await a.next((message) => message.status === 180, 'ringing')
  a.request(dialog, 'CANCEL')
  const received = await b.next((message) => message.method === 'CANCEL' && message.status === 0, 'a CANCEL')
  b.respond(received, 200, { tag: 'x' })
  b.respond(invite, 487, { tag: 'x' })
  await Promise.all([a.final(dialog, 'INVITE'), b.next((message) => message.method === 'ACK', 'an ACK')])
  a.request(dialog, 'ACK')
}

/** A call with one field that asks for something: whatever becomes of it, B refuses it with the same field. */
export async function tell(play: Play, place: typeof telling[number]): Promise<number> {
  const { a, b, number } = play
  const dialog = a.invite(number, { places: [place], body: a.sdp('INVITE') })
  const final = a.final(dialog, 'INVITE')
  const invite = await Promise.race([b.called(), final.then(() => undefined)])
  if (invite !== undefined) {
    b.respond(invite, 486, { places: [place], tag: 'x' })
    await b.next((message) => message.method === 'ACK', 'an ACK')
  }
  const { status } = await final
  a.request(dialog, 'ACK')
  b.clear()
  return status
}

/** Bodies with more in them than a description. */
export async function parcels({ a, number }: Play): Promise<number[]> {
  const secret = a.secret('INVITE')
  const part = (type: string, text: string): string => `--kana\r\nContent-Type: ${type}\r\nContent-ID: <${secret('Content-ID')}@example.com>\r\n\r\n${text}\r\n`
  const mixed = [
    part('application/sdp', a.sdp('INVITE')), part('application/ISUP;version=itu-t92+', Buffer.from(secret('ISUP')).toString('hex')),
    part('application/pidf+xml', `<presence entity="pres:${secret('PIDF')}"><gml:pos>59.4 24.7</gml:pos></presence>`), part('text/vcard', `BEGIN:VCARD\r\nFN:${secret('vCard')}\r\nTEL:${a.numbers[1]!}\r\nEND:VCARD`),
    part('message/sipfrag', `From: <sip:${a.number}@${secret('sipfrag')}.example>`), '--kana--\r\n'
  ].join('')
  const statuses: number[] = []
  for (const [type, body] of [['multipart/mixed;boundary=kana', mixed], ['application/ISUP', secret('ISUP alone')], ['text/plain', secret('text')]] as const) {
    const dialog = a.invite(number, { type, body })
    statuses.push((await a.final(dialog, 'INVITE')).status)
    a.request(dialog, 'ACK')
  }
  return statuses
}

const methodsOutside = ['OPTIONS', 'MESSAGE', 'REGISTER', 'SUBSCRIBE', 'PUBLISH', 'NOTIFY', 'REFER', 'INFO', 'PRACK', 'UPDATE', 'BYE'] as const
/** Outside a dialog a real drachtio-server (seen: 0.9.10) neither answers nor hands on these, and no method that it does not know. */
const unheard: readonly string[] = realDrachtio ? ['REFER', 'PRACK'] : []

/** Requests outside a call. */
export async function knock({ a, number }: Play): Promise<Record<string, number>> {
  const answers: Record<string, number> = {}
  const unknown = a.secret('unknown method outside')('method').toUpperCase()
  for (const method of [...methodsOutside, unknown]) {
    const dialog = a.invite(number, { method, type: 'text/plain', body: a.secret(method)('body') })
    if (unheard.includes(method) || (realDrachtio && method === unknown)) await sleep(200)
    else answers[method] = (await a.final(dialog, method)).status
  }
  return answers
}

/** The shop rings both; here it is B that is rung first. */
export async function callback({ a, b, whole, deliveryId }: Play): Promise<void> {
  const { status, text } = await whole.api('POST', `/v1/deliveries/${deliveryId}/calls`, { first: 'customer' })
  if (status !== 202) throw new Error(text)
  const first = await b.called()
  b.respond(first, 180, { tag: 'x' })
  b.respond(first, 200, { body: b.sdp('200 to callback') })
  const dialogB = b.accepted(first)
  await b.next((message) => message.method === 'ACK', 'an ACK')
  const second = await accepted(b, dialogB, a.called())
  a.respond(second, 180, { tag: 'x' })
  a.respond(second, 200, { body: a.sdp('200 to callback') })
  const dialogA = a.accepted(second)
  await a.next((message) => message.method === 'ACK', 'an ACK')
  await Promise.all([a.speak(second.body, 'RTP of a callback'), b.speak(first.body, 'RTP of a callback')])
  await chatter(a, dialogA)
  a.request(dialogA, 'BYE')
  await a.final(dialogA, 'BYE')
  await settle(b)
}

/** Presses 1 until it is heard: who answers is asked only when the media engine is ready. */
async function accepted(party: Party, dialog: Dialog, called: Promise<Message>): Promise<Message> {
  for (let tries = 0; tries < 10; tries++) {
    party.request(dialog, 'INFO', { type: 'application/dtmf-relay', body: 'Signal=1\r\nDuration=160\r\n' })
    if (await Promise.race([called, sleep(700)]) !== undefined) break
  }
  return called
}

async function settle(party: Party): Promise<void> {
  await sleep(100)
  party.clear()
}

export type { Message }
