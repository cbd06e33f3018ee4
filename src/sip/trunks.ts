import { BlockList, isIPv6 } from 'node:net'
import type { TrunkConfig } from '../config.js'
import { within } from '../deadline.js'
import { bareAddress, cameFrom } from './gateway-address.js'
import type { Source } from './types.js'

/** A carrier connection as calls come from it; src/sip/gateways.ts is the way out. */
export interface Trunk {
  readonly id: string
  /** Headers that this carrier vouches for, in order. */
  readonly identity: TrunkConfig['identity']
  /** Country in whose national form its callers may appear. */
  readonly country: string
  /** Whether callers whom we do not know are answered and asked for an access code. */
  readonly asksCode: boolean
}

export interface Trunks {
  /** The trunk that a socket address belongs to; undefined for a stranger. */
  recognise(source: Source): Trunk | undefined
}

/** Builds the look-up of trunks by socket address (never by a header: anyone can write those). */
export function createTrunks(configs: readonly TrunkConfig[]): Trunks {
  const known = configs.map((config) => ({ trunk: trunkOf(config), sources: blockListOf(config.sources) }))
  return {
    recognise({ address }) {
      const plain = bareAddress(address)
      return known.find(({ sources }) => sources.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4'))?.trunk
    }
  }
}

/** Milliseconds that the address of a gateway's name may take. */
const nameMs = 2000

/**
 * Whether a message came from a carrier: from a source of a trunk or the very socket of a gateway; so is taken what cannot be
 * told in time. The result never rejects.
 */
export function createIsCarrier(configs: readonly TrunkConfig[]): (source: Source) => Promise<boolean> {
  const trunks = createTrunks(configs)
  const gateways = configs.flatMap((config) => config.gateways)
  return async (source) => trunks.recognise(source) !== undefined || (await Promise.all(gateways.map((gateway) => within(nameMs, cameFrom(gateway, source)).catch(() => true)))).includes(true)
}

function trunkOf({ id, identity, country, asksCode = false }: TrunkConfig): Trunk {
  return { id, identity, country, asksCode }
}

function blockListOf(sources: readonly string[]): BlockList {
  const list = new BlockList()
  for (const source of sources) {
    const [address = '', prefix] = source.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
