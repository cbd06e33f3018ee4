import { formatVia, hostPort, parseVia, type SipRequest, type Via } from '../message/index.js'
import type { Protocol, Remote } from './types.js'

/**
 * Notes in the topmost Via where a request really came from (RFC 3261 §18.2.1, RFC 3581 §4):
 * `received` when the sender wrote another host or asked for rport, and the value of `rport`.
 */
export function stampVia(request: SipRequest, from: Remote): void {
  const value = request.headers.get('via') ?? ''
  const stamped = viaFrom(value, from)
  if (stamped !== value) request.headers.replaceFirst('via', stamped)
}

/** Where the responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4). */
export function responseTarget(via: Via, from: Remote): Remote {
  if (from.protocol !== 'udp') return { ...from, port: via.port ?? 5060 }
  const rport = via.params.has('rport')
  return { protocol: 'udp', address: from.address, port: rport ? from.port : via.port ?? 5060 }
}

/** A Via value with what the network knows of its sender. @throws SipParseError with code `via` */
export function viaFrom(value: string, from: Remote): string {
  const via = parseVia(value)
  const wantsPort = via.params.has('rport')
  if (!wantsPort && via.host === from.address) return value
  const params = new Map(via.params)
  params.set('received', from.address)
  if (wantsPort) params.set('rport', String(from.port))
  return formatVia({ ...via, params })
}

/** Where a reply to a malformed request goes, from its topmost Via as received. */
export function replyTarget(topVia: string, from: Remote): Remote {
  return responseTarget(parseVia(topVia), from)
}

/** The Via that a request of ours begins with. */
export function ownVia(host: string, port: number, protocol: Protocol, branch: string): string {
  return `SIP/2.0/${protocol.toUpperCase()} ${hostPort(host, port)};branch=${branch};rport`
}
