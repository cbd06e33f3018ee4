import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Source } from './types.js'

/** Host and port of `sip:host:port`; 5060 when it names none. IPv6 without brackets. */
export function placeOf(gateway: string): { host: string, port: number } {
  const [, host = '', port] = /^(?:sips?:)?(\[[^\]]*\]|[^:;?]*)(?::(\d+))?/i.exec(gateway) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 5060) }
}

/** An address without brackets; an IPv4 address in an IPv6 one (RFC 4291 §2.5.5.2) is itself. */
export function bareAddress(address: string): string {
  return address.replace(/^::ffff:/i, '').replace(/^\[|\]$/g, '')
}

/** Whether a message came from a gateway's own socket; a gateway that is a name may have any of its addresses. Never rejects. */
export async function cameFrom(gateway: string, source: Source): Promise<boolean> {
  const { host, port } = placeOf(gateway)
  if (source.port !== port) return false
  const plain = bareAddress(source.address).toLowerCase()
  if (isIP(host) !== 0) return host.toLowerCase() === plain
  return (await lookup(host, { all: true }).catch(() => [])).some(({ address }) => address === plain)
}
