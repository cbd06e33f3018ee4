import type { EventBus } from '../events.js'
import { inboundOtherwise, legOtherwise } from './otherwise.js'
import { CallFailed, type AnsweredLeg, type Dial, type InboundCall, type Leg, type LegEnd, type SipPort } from './types.js'

type Direction = 'in' | 'out'
type Timed = Pick<EventBus, 'emit'>

const completedEnds: ReadonlySet<LegEnd> = new Set(['bye', 'hung_up'])
const cancelled = 487

/**
 * The same SIP port, telling what RFC 6076 measures: `sip.invite` (§4.3 SRD, §4.6–4.8 SER, SEER, ISA),
 * `sip.session` (§4.9 SCR) and `sip.bye` (§4.4 SDD). Challenged INVITEs and their repetition count as one.
 * @param deadlineMs milliseconds after which a BYE without an answer is given up
 */
export function measured(port: SipPort, events: Timed, deadlineMs: number): SipPort {
  return {
    get connected() { return port.connected },
    get library() { return port.library },
    get addresses() { return port.addresses },
    onCall: (handler) => port.onCall((call) => handler(inbound(call, events, deadlineMs))),
    onRegister: (handler) => port.onRegister(handler),
    dial: (order) => dial(port, order, events, deadlineMs),
    answers: (gateway, withinMs) => port.answers(gateway, withinMs),
    drain: () => port.drain(),
    close: () => port.close()
  }
}

/** Tells one INVITE once, whoever speaks first. */
function invite(direction: Direction, events: Timed): { heard(): void, final(status: number): void } {
  const from = performance.now()
  let delayMs: number | undefined
  let told = false
  const heard = (): void => { delayMs ??= performance.now() - from }
  return {
    heard,
    final(status) {
      heard()
      if (!told) events.emit('sip.invite', { direction, status, delayMs: delayMs ?? 0 })
      told = true
    }
  }
}

async function dial(port: SipPort, order: Dial, events: Timed, deadlineMs: number): Promise<AnsweredLeg> {
  const request = invite('out', events)
  const ringing = (): void => {
    request.heard()
    order.onRinging()
  }
  try {
    const { leg, answer } = await port.dial({ ...order, onRinging: ringing })
    request.final(200)
    return { leg: watched(leg, 'out', events, deadlineMs), answer }
  } catch (error) {
    request.final(error instanceof CallFailed ? error.status : order.signal.aborted ? cancelled : 503)
    throw error
  }
}

function inbound(call: InboundCall, events: Timed, deadlineMs: number): InboundCall {
  const request = invite('in', events)
  const gone = (): void => request.final(cancelled)
  call.gone.addEventListener('abort', gone, { once: true })
  const final = (status: number): void => {
    call.gone.removeEventListener('abort', gone)
    request.final(status)
  }
  return inboundOtherwise(call, {
    ring(sdp) {
      request.heard()
      return call.ring(sdp)
    },
    progress(sdp) {
      request.heard()
      return call.progress(sdp)
    },
    challenge(challenge) {
      // Like ours that are challenged, it counts when it comes again.
      call.gone.removeEventListener('abort', gone)
      call.challenge(challenge)
    },
    reject(status, retryAfterSeconds) {
      final(status)
      call.reject(status, retryAfterSeconds)
    },
    async answer(sdp) {
      const leg = await call.answer(sdp)
      final(200)
      return watched(leg, 'in', events, deadlineMs)
    },
    async answerWithOffer(offer) {
      const offered = await call.answerWithOffer(offer)
      final(200)
      return { leg: watched(offered.leg, 'in', events, deadlineMs), answer: offered.answer }
    }
  })
}

function watched(leg: Leg, direction: Direction, events: Timed, deadlineMs: number): Leg {
  let over = false
  let bye: Promise<boolean> | undefined
  void leg.ended.then(async (end) => {
    over = true
    const answered = await bye ?? true
    events.emit('sip.session', { direction, completed: answered && completedEnds.has(end) })
  })
  const hangUp = async (): Promise<boolean> => {
    const from = performance.now()
    await leg.hangUp()
    const ms = performance.now() - from
    const answered = ms < deadlineMs
    events.emit('sip.bye', { ms, answered })
    return answered
  }
  return legOtherwise(leg, {
    async hangUp() {
      // Who hangs up a dialog that the far end has ended sends nothing.
      if (over) return leg.hangUp()
      bye ??= hangUp()
      await bye
    }
  })
}
