import { BlockList, isIP } from 'node:net'
import { bareAddress, placeOf } from '../sip/gateway-address.js'
import { inboundOtherwise, legOtherwise } from '../sip/otherwise.js'
import type { AnsweredLeg, InboundCall, Leg } from '../sip/types.js'
import type { Whereabouts } from './types.js'

/**
 * Networks that only neighbours reach: RFC 1918; RFC 6598, between a carrier and its customers; link-local (RFC 3927, RFC 4291
 * §2.5.6); unique local (RFC 4193).
 */
const inner = new BlockList()
for (const [network, prefix] of [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['169.254.0.0', 16]] as const) inner.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [['fc00::', 7], ['fe80::', 10]] as const) inner.addSubnet(network, prefix, 'ipv6')

/** `c=` (RFC 8866 §5.7) with one address. */
const connection = /^(c=IN IP([46]) )([0-9A-Fa-f:.]+)(?=\s|$)/gm

/**
 * A phone behind NAT names an address of its own network, where nobody else reaches it; its sound comes from the outside of
 * the NAT, and nothing tells it from a stranger's. Its SIP comes from there, too: that address stands in the description
 * instead. Ports stay, as what the NAT made of them shows with the first packet only. All other text is as it was.
 * @param seen address that its SIP came from, as the SIP server saw it
 */
export function reachable(sdp: string, seen: string): string {
  const address = bareAddress(seen)
  if (isIP(address) === 0 || isInner(address)) return sdp
  return sdp.replace(connection, (line, before: string, version: string, named: string) => {
    const alike = [Number(version), isIP(named)].every((family) => family === isIP(address))
    return alike && isInner(named) ? `${before}${address}` : line
  })
}

function isInner(address: string): boolean {
  return inner.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** A call from an app, perhaps behind NAT: its offers and answers name addresses that are reached from here. */
export function calledByApp(call: InboundCall): InboundCall {
  const { address } = call.source
  return inboundOtherwise(call, {
    offer: call.offer === undefined ? undefined : reachable(call.offer, address),
    answer: async (sdp) => legOfApp(await call.answer(sdp)),
    async answerWithOffer(offer) {
      const offered = await call.answerWithOffer(offer)
      const answer = offered.answer.then((sdp) => reachable(sdp, address))
      // As with the answer itself: a rejection that nobody waits for does no harm.
      answer.catch(() => undefined)
      return { leg: legOfApp(offered.leg), answer }
    }
  })
}

/** A call that an app answered, likewise. @param where it is registered: its answer came from there */
export function answeredByApp({ leg, answer }: AnsweredLeg, where: Pick<Whereabouts, 'route'>): AnsweredLeg {
  return { leg: legOfApp(leg), answer: reachable(answer, placeOf(where.route).host) }
}

/** Whoever moves to another network in the middle of a call says so from there. */
function legOfApp(leg: Leg): Leg {
  return legOtherwise(leg, {
    onOffer: (handler) => leg.onOffer((offer, source) => handler(offer === undefined ? undefined : reachable(offer, source.address), source))
  })
}
