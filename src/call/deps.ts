import type { Accounts, Whereabouts } from '../account/types.js'
import type { Config } from '../config.js'
import type { EventBus } from '../events.js'
import type { Lines } from '../line/types.js'
import type { MediaEngine } from '../media/types.js'
import type { E164 } from '../phone/types.js'
import type { Recordings } from '../record/recordings/types.js'
import type { CallJournal } from '../record/types.js'
import type { Settings } from '../shop/settings.js'
import type { OutboundTrunk, TrunkOrder } from '../sip/gateways.js'
import type { Trunks } from '../sip/trunks.js'
import type { AnsweredLeg } from '../sip/types.js'

/** What a call needs of the other rooms. */
export interface CallDeps {
  readonly media: MediaEngine
  readonly lines: Lines
  readonly journal: CallJournal
  readonly recordings: Pick<Recordings, 'begin'>
  /** Where calls come from. */
  readonly trunks: Trunks
  /** Where calls leave to. */
  readonly trunk: OutboundTrunk
  /** Who may call without a carrier, and where their phones are. */
  readonly accounts: Accounts
  /** Rings a phone that is registered with an account. */
  readonly dialApp: (order: TrunkOrder, target: Whereabouts) => Promise<AnsweredLeg>
  readonly events: EventBus
  readonly config: Config['call']
  /** Whether a number may be dialled, by country and kind. */
  readonly mayDial: (number: E164) => boolean
  /** What each shop has set. */
  readonly settings: Pick<Settings, 'of' | 'defaults'>
  /** Asks the shop's own system, where it wants to be asked, before two people are connected. Never rejects. */
  readonly gate: (question: { readonly shopId: string, readonly deliveryId: string, readonly callId: string, readonly caller: string }) => Promise<'allow' | 'deny' | 'announce'>
  readonly clock: () => number
  /** Milliseconds that only grow; the system's own unless a test brings its own. */
  readonly monotonic?: () => number
  /** Told of what can only be a bug of ours. */
  readonly onInternalError: (callId: string, error: unknown) => void
}
