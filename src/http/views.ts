import type { AllocatedDelivery, Delivery, NumberLoad } from '../line/types.js'
import type { CallRecord } from '../record/types.js'
import type { CallAnswer, DeliveryAnswer, NewDeliveryAnswer, NumberAnswer } from './schemas.js'
import { formatTime } from './time.js'

/** A delivery as JSON: times as RFC 3339 in UTC, no person's number. */
export function deliveryView(delivery: Delivery): DeliveryAnswer {
  return {
    id: delivery.id,
    reference: delivery.reference,
    state: delivery.state,
    number: delivery.number,
    direction: delivery.direction,
    createdAt: formatTime(delivery.createdAt),
    expiresAt: formatTime(delivery.expiresAt),
    quarantineUntil: formatTime(delivery.quarantineUntil),
    ...(delivery.endedAt === undefined ? {} : { endedAt: formatTime(delivery.endedAt) })
  }
}

export function newDeliveryView(delivery: AllocatedDelivery): NewDeliveryAnswer {
  return { ...deliveryView(delivery), accessCode: delivery.accessCode }
}

export function callView(call: CallRecord): CallAnswer {
  return {
    id: call.id,
    deliveryId: call.deliveryId,
    reference: call.reference,
    startedBy: call.startedBy,
    ...(call.callee === undefined ? {} : { callee: call.callee }),
    state: call.state,
    startedAt: formatTime(call.startedAt),
    ...(call.answeredAt === undefined ? {} : { answeredAt: formatTime(call.answeredAt) }),
    ...(call.endedAt === undefined ? {} : { endedAt: formatTime(call.endedAt) }),
    ...(call.ringMs === undefined ? {} : { ringMs: call.ringMs }),
    ...(call.talkMs === undefined ? {} : { talkMs: call.talkMs }),
    ...(call.result === undefined ? {} : { result: call.result }),
    ...(call.reason === undefined ? {} : { reason: call.reason })
  }
}

/** A proxy number with its load. */
export function numberView({ number, country, state, live, held }: NumberLoad): NumberAnswer {
  return { number, country, state, live, held }
}
