import { BlockList, isIP, isIPv4 } from 'node:net'

/**
 * Addresses that are nobody's on the public net (RFC 6890 and the IANA registries of special-purpose addresses): what a
 * shop types must not make us call our own neighbours (server-side request forgery).
 */
const special: readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'], ['10.0.0.0', 8, 'ipv4'], ['100.64.0.0', 10, 'ipv4'], ['127.0.0.0', 8, 'ipv4'], ['169.254.0.0', 16, 'ipv4'], ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'], ['192.0.2.0', 24, 'ipv4'], ['192.88.99.0', 24, 'ipv4'], ['192.168.0.0', 16, 'ipv4'], ['198.18.0.0', 15, 'ipv4'], ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'], ['224.0.0.0', 4, 'ipv4'], ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'], ['64:ff9b::', 96, 'ipv6'], ['64:ff9b:1::', 48, 'ipv6'], ['100::', 64, 'ipv6'], ['2001::', 23, 'ipv6'], ['2001:db8::', 32, 'ipv6'], ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'], ['fc00::', 7, 'ipv6'], ['fe80::', 10, 'ipv6'], ['fec0::', 10, 'ipv6'], ['ff00::', 8, 'ipv6']
]
const blocked = new BlockList()
for (const [network, prefix, family] of special) blocked.addSubnet(network, prefix, family)

export interface AddressRules {
  /** Whether we may connect there. @param address an IP address in text form */
  readonly allows: (address: string) => boolean
  /** Whether it is in a network that the operator has named: there, plain HTTP is allowed, too. */
  readonly isOurs: (address: string) => boolean
}

/** @param allowPrivate networks in CIDR form that are allowed although they are private */
export function addressRules(allowPrivate: readonly string[]): AddressRules {
  const ours = new BlockList()
  for (const cidr of allowPrivate) {
    const [network = '', prefix = ''] = cidr.split('/')
    ours.addSubnet(network, Number(prefix), isIPv4(network) ? 'ipv4' : 'ipv6')
  }
  const isOurs = (address: string): boolean => within(ours, address)
  return { isOurs, allows: (address) => isIP(address) !== 0 && (isOurs(address) || !within(blocked, address)) }
}

function within(list: BlockList, address: string): boolean {
  const mapped = mappedIpv4(address)
  if (mapped !== undefined) return list.check(mapped, 'ipv4')
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** `::ffff:10.0.0.1`, also written in hex, is the IPv4 address in it (RFC 4291 §2.5.5.2). */
function mappedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, '')}]`)
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? []
  if (high === undefined || low === undefined) return undefined
  const number = parseInt(high, 16) * 65536 + parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}
