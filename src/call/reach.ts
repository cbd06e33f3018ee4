import { answeredByApp } from '../account/behind-nat.js'
import type { Party } from '../line/types.js'
import type { TrunkOrder } from '../sip/gateways.js'
import { CallFailed, type AnsweredLeg } from '../sip/types.js'
import type { CallDeps } from './deps.js'

/** An app that says nothing for so long is not there (milliseconds): the person's phone is still to be rung. */
const appPatienceMs = 15_000

type App = Awaited<ReturnType<CallDeps['accounts']['whereabouts']>>

/** Raised when an app does not take the call in time. */
class AppSilent extends Error {}

/** Where a party's app is registered; only couriers have one. Never rejects: without an answer there is still the phone. */
export async function appOf({ accounts }: Pick<CallDeps, 'accounts'>, { deliveryId, party }: { readonly deliveryId: string, readonly party: Party }): Promise<App> {
  return party === 'courier' ? accounts.whereabouts(deliveryId).catch(() => undefined) : undefined
}

/**
 * Rings a party: their app first, where there is one, and the phone when the app does not answer or cannot take the
 * call. Who is busy or declines in the app has decided, and is not rung again.
 * @throws as OutboundTrunk.dial
 */
export async function reach({ trunk, dialApp }: Pick<CallDeps, 'trunk' | 'dialApp'>, order: TrunkOrder, app: App): Promise<AnsweredLeg> {
  if (app === undefined) return trunk.dial(order)
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(new AppSilent()), appPatienceMs)
  // In the trace, gateways are counted from one.
  order.watch?.tried(0)
  try {
    return answeredByApp(await dialApp({ ...order, signal: AbortSignal.any([order.signal, patience.signal]) }, app), app)
  } catch (error) {
    if (order.signal.aborted || hasDecided(error)) throw error
    return await trunk.dial(order)
  } finally {
    clearTimeout(timer)
  }
}

/** 486 and 600: busy; 603 and 607: does not want the call (RFC 3261 §21.6, RFC 8197). */
function hasDecided(error: unknown): boolean {
  return error instanceof CallFailed && [486, 600, 603, 607].includes(error.status)
}
