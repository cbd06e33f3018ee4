import { freshBytes } from '../ids.js'
import { MaskError } from '../errors.js'
import type { MediaFacts } from './sdp.js'
import { mirror, writeSdp, type OwnDescription } from './sdp-write.js'
import type { Codec } from './codecs.js'
import type { Side } from './types.js'

/** Where an engine listens for one side. */
export interface MediaPlace {
  readonly host: string
  readonly rtpPort: number
  readonly rtcpMux: boolean
}

/** Milliseconds of audio in a packet when nobody asked for anything else. */
const defaultPtime = 20

interface Local {
  readonly own: OwnDescription
  readonly text: string
}

/** The descriptions that a session whose media lies in another server gives to its two sides; every line of them is ours. */
export class Descriptions {
  private readonly local: Partial<Record<Side, Local>> = {}

  /** An offer of our own to a side that was not heard from yet. */
  offer(side: Side, place: MediaPlace, codecs: readonly Codec[], ptime: number | undefined): string {
    return this.keep(side, { ...place, codecs, direction: 'sendrecv', ptime: ptime ?? defaultPtime })
  }

  /** An answer to what a side offered (RFC 3264 §6): its m= lines in their order, all but one refused. */
  answer(side: Side, place: MediaPlace, codecs: readonly Codec[], { streams, audioIndex, direction, ptime }: MediaFacts): string {
    return this.keep(side, { ...place, codecs, direction: mirror(direction), ptime: ptime ?? defaultPtime, streams, audioIndex })
  }

  /** The last one given to a side. @throws MaskError internal when there was none */
  last(side: Side): string {
    const local = this.local[side]
    if (local === undefined) throw new MaskError('internal', { reason: 'order' })
    return local.text
  }

  has(side: Side): boolean {
    return this.local[side] !== undefined
  }

  private keep(side: Side, what: Omit<OwnDescription, 'sessionId' | 'version'>): string {
    const old = this.local[side]
    const sessionId = old?.own.sessionId ?? (freshBytes(8).readBigUInt64BE() >> 2n).toString()
    const same = { ...what, sessionId, version: old?.own.version ?? 1 }
    // RFC 3264 §8: the version stays only while not a byte changes.
    const own = old === undefined || writeSdp(same) === old.text ? same : { ...same, version: same.version + 1 }
    const text = writeSdp(own)
    this.local[side] = { own, text }
    return text
  }
}
