import type { Account } from '../account/types.js'
import type { Lines, Lookup } from '../line/types.js'
import { callerIdentity, type CallerIdentity } from '../phone/identity.js'
import type { Trunk } from '../sip/trunks.js'
import type { InboundCall } from '../sip/types.js'

/** By what a caller is known. */
export interface Origin {
  /** The carrier that it came from. */
  readonly trunkId?: string
  /** Whether callers whom we do not know are answered and asked for an access code. */
  readonly asksCode: boolean
  identity(inbound: InboundCall): CallerIdentity
  /** Finds the caller's delivery at the dialled number and counts the call in. */
  lookup(lines: Lines, inbound: InboundCall, identity: CallerIdentity, callId: string): Promise<Lookup>
}

/** A call from a carrier: the caller is whom its headers name, as far as the trunk vouches for them. */
export function fromTrunk(trunk: Trunk): Origin {
  return {
    trunkId: trunk.id,
    asksCode: trunk.asksCode,
    identity: ({ identity }) => callerIdentity(identity, trunk),
    lookup: (lines, { dialled }, { number }, callId) => lines.lookup(dialled, number, callId)
  }
}

/** A call from an app that has shown its account: the caller is the account, whatever the headers say. */
export function fromAccount({ shopId, deliveryId, party }: Account): Origin {
  return {
    asksCode: false,
    identity: () => ({ number: undefined, withheld: false }),
    lookup: (lines, { dialled }, _identity, callId) => lines.enter({ shopId, deliveryId, party, number: dialled, callId })
  }
}
