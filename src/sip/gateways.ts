import type { TrunkConfig } from '../config.js'
import { MaskError } from '../errors.js'
import { follow } from '../follow.js'
import type { Log } from '../telemetry/log.js'
import { Pacer } from './pacer.js'
import { TrunkLoad, type TellTrunkCap } from './trunk-load.js'
import { CallFailed, type AnsweredLeg, type Dial, type SipPort } from './types.js'

/** A call that leaves through a trunk; the trunk knows the gateway and the credentials. */
export type TrunkOrder = Omit<Dial, 'gateway' | 'credentials' | 'onProvisional'> & {
  readonly watch?: DialWatch
  /** Our id of the call, for the log. */
  readonly callId: string
}

/** What happens on the way to an answer, for a trace. */
export interface DialWatch {
  /** An INVITE goes to this gateway of the trunk, from 1 in the order of the configuration. */
  tried(gateway: number): void
  /** A status above 100 came; 408 also when a gateway says nothing at all. */
  status(status: number): void
}

export interface TrunkStats {
  /** Calls that ring or talk through this trunk. */
  readonly calls: number
  /** Calls that wait for their turn. */
  readonly waiting: number
  /** Gateways that did not answer lately and are tried last. */
  readonly silent: number
}

/** The way out: one carrier with its gateways, limits and credentials. */
export interface OutboundTrunk {
  /**
   * Rings somebody through the first gateway that takes the call. The next one is tried when a gateway does
   * not answer, and on 408 and 5xx; any other refusal is the callee's and stands.
   * @throws CallFailed with the last refusal (408 when no gateway answered), MaskError trunk_busy (a limit of
   *   the trunk is reached) or sip_unavailable, and the signal's reason when aborted
   */
  dial(order: TrunkOrder): Promise<AnsweredLeg>
  stats(): TrunkStats
}

export interface TrunkOptions {
  readonly log: Log
  /** Monotonic milliseconds. */
  readonly clock?: () => number
  /** Unix milliseconds. */
  readonly wallClock?: () => number
  /** Told when a cap of the trunk is reached or nearly so. */
  readonly onCap?: TellTrunkCap
}

type Dialler = Pick<SipPort, 'dial' | 'answers'>

/** Milliseconds for which a gateway that did not answer is tried last. */
const restMs = 30_000

/** Raised when a gateway says nothing at all. */
class GatewaySilent extends Error {}

export function createOutboundTrunk(config: TrunkConfig, sip: Dialler, { log, clock = () => performance.now(), wallClock = Date.now, onCap }: TrunkOptions): OutboundTrunk {
  const { callsPerSecond = 0 } = config
  const gateways = config.gateways.map((uri, index) => new Gateway(uri, index + 1, config, sip, clock, log.with({ trunkId: config.id, operation: `gateway-${index + 1}` })))
  const pacer = new Pacer(callsPerSecond, clock)
  const load = new TrunkLoad(config, wallClock, (cap, state, used) => {
    log.warn(`trunk.cap_${state}`, { trunkId: config.id, reason: cap, count: used })
    onCap?.(cap, state, used)
  })
  const turn = async (signal: AbortSignal): Promise<void> => {
    try {
      await pacer.turn(signal)
    } catch (error) {
      if (error instanceof MaskError) load.note('trunk_calls_per_second', 'reached', callsPerSecond)
      throw error
    }
  }

  const tryInTurn = async (order: TrunkOrder): Promise<AnsweredLeg> => {
    let failure: CallFailed | undefined
    // Sorting keeps the order of those that are alike.
    for (const gateway of [...gateways].sort((a, b) => Number(a.silent) - Number(b.silent))) {
      await turn(order.signal)
      const outcome = await gateway.dial(order)
      if (!(outcome instanceof CallFailed)) return outcome
      failure = outcome
    }
    throw failure ?? new CallFailed(408)
  }

  return {
    async dial(order) {
      const place = load.enter()
      try {
        const answered = await tryInTurn(order)
        place.answered()
        void answered.leg.ended.then(() => place.leave())
        return answered
      } catch (error) {
        place.leave()
        throw error
      }
    },
    stats: () => ({ calls: load.calls, waiting: pacer.waiting, silent: gateways.filter(({ silent }) => silent).length })
  }
}

class Gateway {
  readonly #timeoutMs: number
  #silentUntil = -Infinity

  constructor(private readonly uri: string, private readonly place: number, private readonly config: TrunkConfig, private readonly sip: Dialler, private readonly clock: () => number, private readonly log: Log) {
    this.#timeoutMs = (config.gatewayTimeoutSeconds ?? 4) * 1000
  }

  /** Whether it did not answer lately. */
  get silent(): boolean {
    return this.clock() < this.#silentUntil
  }

  /** Resolves to the failure when another gateway is to be tried. */
  async dial({ watch: told, callId, ...order }: TrunkOrder): Promise<AnsweredLeg | CallFailed> {
    const watch = new SilenceWatch(order.signal, () => this.sip.answers(this.uri, this.#timeoutMs / 2), this.#timeoutMs / 2)
    try {
      const { auth } = this.config
      const onProvisional = (status: number): void => {
        watch.heard()
        told?.status(status)
      }
      told?.tried(this.place)
      const answered = await this.sip.dial({ ...order, gateway: this.uri, signal: watch.signal, onProvisional, ...(auth == null ? {} : { credentials: auth }) })
      this.#silentUntil = -Infinity
      told?.status(200)
      return answered
    } catch (error) {
      if (error instanceof CallFailed) told?.status(error.status)
      if (error instanceof GatewaySilent) told?.status(408)
      return this.#failed(error, callId)
    } finally {
      watch.close()
    }
  }

  #failed(error: unknown, callId: string): CallFailed {
    if (error instanceof GatewaySilent) {
      this.#silentUntil = this.clock() + restMs
      this.log.warn('trunk.gateway_silent', { callId })
      return new CallFailed(408)
    }
    if (!(error instanceof CallFailed)) throw error
    if (error.status !== 408) this.#silentUntil = -Infinity
    if (error.status !== 408 && (error.status < 500 || error.status > 599)) throw error
    this.log.warn('trunk.gateway_failed', { callId, status: error.status })
    return error
  }
}

/**
 * Finds out that nobody is there. A SIP server keeps 100 Trying to itself, so a gateway that is looking for
 * the callee sounds like one that is dead; half way to the deadline it is therefore asked whether it lives.
 */
class SilenceWatch {
  readonly #silence = new AbortController()
  readonly #settled: () => void
  readonly #timer: NodeJS.Timeout
  #heard = false

  constructor(call: AbortSignal, lives: () => Promise<boolean>, afterMs: number) {
    this.#settled = follow(this.#silence, call)
    this.#timer = setTimeout(() => void this.#ask(lives), afterMs)
  }

  /** Aborts with GatewaySilent, and as the call does. */
  get signal(): AbortSignal {
    return this.#silence.signal
  }

  /** It said something, or it does not matter any more. */
  heard(): void {
    this.#heard = true
    clearTimeout(this.#timer)
  }

  close(): void {
    this.heard()
    this.#settled()
  }

  async #ask(lives: () => Promise<boolean>): Promise<void> {
    if (!await lives() && !this.#heard) this.#silence.abort(new GatewaySilent())
  }
}
