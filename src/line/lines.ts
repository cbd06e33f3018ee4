import { asMaskError } from '../errors.js'
import { CapAlarms } from './alarms.js'
import { allocate } from './allocate.js'
import { begin } from './begin.js'
import { change, close, find } from './change.js'
import { CodeOffers } from './code.js'
import type { LineContext, LinesOptions } from './context.js'
import { Doubts } from './doubts.js'
import { enter } from './enter.js'
import { Leases } from './leases.js'
import { lookup } from './lookup.js'
import { createNumberPlan } from './numbers.js'
import { forget, ofPerson } from './person.js'
import { redeem } from './redeem.js'
import { shorten } from './shorten.js'
import { addNumbers, numbers, prepare, takeOut } from './stock.js'
import { count, usage } from './usage.js'
import { Sweeper } from './sweeper.js'
import { createTags } from './tagged.js'
import type { Lines } from './types.js'

export type { LineConfig, LinesOptions } from './context.js'

/**
 * Lines over a Redis that any number of processes may share. Starts sweeping and renewing in the
 * background until `stop`. @throws MaskError config_invalid when pools overlap or a range is no range
 */
export function createLines(options: LinesOptions): Lines {
  const { clock } = options
  const context: LineContext = { ...options, plan: createNumberPlan(options.config.pools), tags: createTags(options), alarms: new CapAlarms(options), now: () => clock?.() ?? '' }
  const codes = new CodeOffers()
  const leases = new Leases(context)
  const doubts = new Doubts(context)
  const sweeper = new Sweeper(context, doubts)
  return {
    allocate: (delivery) => masked(allocate(context, codes, doubts, delivery)),
    find: async (shopId, id) => (await masked(find(context, shopId, id))).delivery,
    change: (shopId, id, wanted) => masked(change(context, shopId, id, wanted)),
    close: (shopId, id) => masked(close(context, shopId, id)),
    addPhone: (shopId, id, party, phone) => masked(change(context, shopId, id, { add: { party, phone } })),
    lookup: (number, caller, callId) => masked(lookup(context, leases, number, caller, callId)),
    enter: (entry) => masked(enter(context, leases, entry)),
    begin: (shopId, id, first, callId) => masked(begin(context, leases, shopId, id, first, callId)),
    redeem: (entry) => masked(redeem(context, leases, entry)),
    ofPerson: (shopId, phone) => masked(ofPerson(context, shopId, phone)),
    forget: (shopId, id, phone) => masked(forget(context, shopId, id, phone)),
    shorten: (shopId, poolId, limits) => masked(shorten(context, shopId, poolId, limits)),
    count: (shopId, number, callId) => masked(count(context, leases, shopId, number, callId)),
    release: (deliveryId, callId, spentMs) => masked(leases.release(deliveryId, callId, { spentMs })),
    usage: (shopId, poolId) => masked(usage(context, shopId, poolId)),
    isProxyNumber: (number) => context.plan.has(number),
    numbers: (poolId) => masked(numbers(context, poolId)),
    addNumbers: (poolId, wanted) => masked(addNumbers(context, poolId, wanted)),
    drainNumber: (poolId, number) => masked(takeOut(context, poolId, number, 'drain')),
    retireNumber: (poolId, number) => masked(takeOut(context, poolId, number, 'retire')),
    prepare: () => masked(prepare(context)),
    sweep: () => sweeper.sweep(),
    stop: async () => {
      leases.stop()
      await sweeper.stop()
    }
  }
}

/** Whatever goes wrong inside, outside it is a MaskError. */
async function masked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw asMaskError(error)
  }
}
