import type { MediaSession, Side } from '../media/types.js'
import { inboundOtherwise } from '../sip/otherwise.js'
import type { OutboundTrunk, TrunkOrder } from '../sip/gateways.js'
import { CallerGone, type AnsweredLeg, type InboundCall, type Leg } from '../sip/types.js'
import type { Trace } from './trace.js'

/** The same INVITE, whose messages stand in the trace. */
export function tracedInbound(call: InboundCall, trace: Trace): InboundCall {
  trace.note('a.in.invite')
  let over = false
  const gone = (): void => {
    if (call.gone.reason instanceof CallerGone) trace.note('a.in.cancel')
    else trace.note('a.lost', 'lost')
  }
  call.gone.addEventListener('abort', gone, { once: true })
  const final = (): void => {
    over = true
    // What becomes of the dialog is told by its leg.
    call.gone.removeEventListener('abort', gone)
  }
  const answered = <T extends Leg>(leg: T): T => {
    final()
    trace.note('a.out.status', 200)
    void leg.acked?.then(() => trace.note('a.in.ack'))
    return traceEnd(leg, 'a', trace)
  }
  return inboundOtherwise(call, {
    ring(sdp) {
      trace.note('a.out.status', 180)
      return call.ring(sdp)
    },
    progress(sdp) {
      trace.note('a.out.status', 183)
      return call.progress(sdp)
    },
    reject(status, retryAfterSeconds) {
      if (!over && !call.gone.aborted) trace.note('a.out.status', status)
      final()
      call.reject(status, retryAfterSeconds)
    },
    answer: async (sdp) => answered(await call.answer(sdp)),
    async answerWithOffer(offer) {
      const { leg, answer } = await call.answerWithOffer(offer)
      return { leg: answered(leg), answer }
    }
  })
}

/** Rings somebody as `trunk.dial` does; gateways, messages and statuses stand in the trace. */
export async function tracedDial(trunk: Pick<OutboundTrunk, 'dial'>, order: TrunkOrder, side: Side, trace: Trace): Promise<AnsweredLeg> {
  const cancelled = (): void => trace.note(`${side}.out.cancel`)
  order.signal.addEventListener('abort', cancelled, { once: true })
  try {
    const watch = { tried: (gateway: number) => trace.note(`${side}.out.invite`, gateway), status: (status: number) => trace.note(`${side}.in.status`, status) }
    const answered = await trunk.dial({ ...order, watch })
    trace.note(`${side}.out.ack`)
    traceEnd(answered.leg, side, trace)
    return answered
  } finally {
    order.signal.removeEventListener('abort', cancelled)
  }
}

function traceEnd<T extends Leg>(leg: T, side: Side, trace: Trace): T {
  void leg.ended.then((end) => {
    if (end === 'bye') trace.note(`${side}.in.bye`)
    else if (end === 'hung_up') trace.note(`${side}.out.bye`)
    else trace.note(`${side}.lost`, end)
  })
  return leg
}

/** The same media: which engine has them, and what is played, stands in the trace. */
export function tracedMedia(media: MediaSession, trace: Trace): MediaSession {
  let told: MediaSession['engine']
  const tell = (): void => {
    if (media.engine === undefined || media.engine === told) return
    told = media.engine
    trace.note('media', told)
  }
  // An engine may be chosen with any step.
  const after = async <T>(work: Promise<T>): Promise<T> => work.finally(tell)
  tell()
  return {
    get engine() { return media.engine },
    get voice() { return media.voice },
    get record() { return media.record },
    silent: media.silent,
    offerForA: () => after(media.offerForA()),
    acceptFromA: (answer) => after(media.acceptFromA(answer)),
    answerEarly: () => after(media.answerEarly()),
    answerAlone: () => after(media.answerAlone()),
    offerForB: () => after(media.offerForB()),
    connect: (answer) => after(media.connect(answer)),
    renegotiate: (side, offer) => media.renegotiate(side, offer),
    localDescription: (side) => media.localDescription(side),
    play(side, prompt, options) {
      trace.note(`prompt.${side}`, prompt)
      return media.play(side, prompt, options)
    },
    close: () => media.close()
  }
}
