import { tryParseUri } from '../message/index.js'
import type { Protocol, Remote } from '../transport/index.js'
import { AgentError } from './errors.js'

/**
 * Where a request for a sip: URI goes (RFC 3263 without NAPTR and SRV: the host is an address or a name
 * with address records, the port 5060 unless given, UDP unless `transport=tcp`).
 * With `transport=tls` only a peer that has connected to us is reached: we vouch for ourselves and check nobody.
 * @throws AgentError `not_routable` for sips:, tel: and other transports
 */
export function targetOf(text: string): Remote {
  const uri = tryParseUri(text)
  if (uri?.scheme !== 'sip') throw new AgentError('not_routable')
  const protocol = uri.params.get('transport')?.toLowerCase() ?? 'udp'
  if (protocol !== 'udp' && protocol !== 'tcp' && protocol !== 'tls') throw new AgentError('not_routable')
  return { protocol: protocol satisfies Protocol, address: uri.params.get('maddr') ?? uri.host, port: uri.port ?? 5060 }
}
