import type { IdentityHeaders } from '../phone/identity.js'
import type { SrfMessage } from './srf.js'

/** What we say of ourselves; the same to everyone. */
const product = 'Maskline'
const allow = 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK'

/** A number as a SIP URI of ours; the SIP server puts its own address in the place of localhost. */
const own = (number: string): string => `<sip:${number}@localhost>`

/**
 * Every header of an INVITE to a callee that is not the SIP server's own. Nothing here can come from
 * the caller: the only inputs are the proxy number and the count of hops.
 * RFC 3325 §9.1: P-Asserted-Identity tells the carrier which of our numbers is calling.
 */
export function inviteHeaders(proxyNumber: string, maxForwards: number): Record<string, string> {
  return {
    From: own(proxyNumber),
    Contact: own(proxyNumber),
    'P-Asserted-Identity': own(proxyNumber),
    'Max-Forwards': String(maxForwards),
    'User-Agent': product,
    Allow: allow
  }
}

/** Headers of a question to a gateway whether it is there. */
export function optionsHeaders(): Record<string, string> {
  return { From: '<sip:localhost>', Contact: '<sip:localhost>', 'User-Agent': product, Accept: 'application/sdp' }
}

/** Headers of an answer to a caller. */
export function answerHeaders(): Record<string, string> {
  return { Server: product, Allow: allow }
}

/** Headers of a refusal. */
export function refusalHeaders(retryAfterSeconds?: number): Record<string, string> {
  return { Server: product, ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }) }
}

/** The user part of a sip: or tel: URI with percent-encoding undone; empty when there is none or it is malformed. */
export function userOf(uri: string): string {
  const match = /^(?:sips?:([^@;?]*)[^@]*@|tel:([^;?]*))/i.exec(uri)
  const user = (match?.[1] ?? match?.[2] ?? '').split(':')[0] ?? ''
  try {
    return decodeURIComponent(user)
  } catch {
    return ''
  }
}

/** Max-Forwards as a number, or undefined when missing or not a number of 0 to 255. */
export function maxForwardsOf(message: SrfMessage): number | undefined {
  const text = message.get('Max-Forwards')?.trim()
  if (text === undefined || !/^\d{1,3}$/.test(text)) return undefined
  const value = Number(text)
  return value <= 255 ? value : undefined
}

/** The headers from which phone/identity decides who is calling. drachtio-srf joins repeated headers with commas. */
export function identityHeaders(message: SrfMessage): IdentityHeaders {
  return {
    pai: present(message.get('P-Asserted-Identity')),
    from: message.get('From') ?? '',
    privacy: present(message.get('Privacy'))
  }
}

const present = (value: string | undefined): string[] => value === undefined ? [] : [value]
