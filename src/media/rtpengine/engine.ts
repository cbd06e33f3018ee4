import { MaskError } from '../../errors.js'
import { newId } from '../../ids.js'
import type { Log } from '../../telemetry/log.js'
import { codecsForB } from '../negotiate.js'
import { readSdp, rejected, type MediaFacts } from '../sdp.js'
import type { MediaEngine } from '../types.js'
import { inOrder, Instance } from './instances.js'
import { RtpengineSession } from './session.js'

export interface RtpengineMediaOptions {
  /** `udp://host:port` of each instance's ng control port; at least one. */
  readonly urls: readonly string[]
  readonly log: Log
  /** Milliseconds for one step of a call; a new call divides them among the instances. */
  readonly deadlineMs: number
  /** Milliseconds without RTP from either side after which a session is `silent`. */
  readonly silenceTimeoutMs: number
}

/** Ports of a session: RTP and RTCP for two sides. */
const portsOfSession = 4

/**
 * Relays talk through one or more rtpengine servers: new calls go to the one with the fewest calls of ours,
 * and on to the next when it does not answer. It has no voice: `answerAlone` rejects with
 * media_unavailable and `play` is over at once.
 */
export function createRtpengineMedia({ urls, log, deadlineMs, silenceTimeoutMs }: RtpengineMediaOptions): MediaEngine {
  if (urls.length === 0) throw new MaskError('config_invalid', { cause: 'The setting rtpengine.url names no server.' })
  const instances = urls.map((url, index) => new Instance(url, index, deadlineMs, log))
  const sessions = new Set<RtpengineSession>()
  const state = { closed: false }

  const needOpen = (): void => {
    if (state.closed) throw new MaskError('media_unavailable', { reason: 'closed' })
  }
  const openIn = async (instance: Instance, facts: MediaFacts | undefined): Promise<RtpengineSession> => {
    // A name for rtpengine alone: its log and ours have no word in common.
    const session = await RtpengineSession.open(newId(), instance, facts, { ms: deadlineMs / instances.length, silenceTimeoutMs, onClose: () => sessions.delete(session) })
    sessions.add(session)
    if (state.closed) {
      await session.close()
      needOpen()
    }
    return session
  }

  return {
    name: 'rtpengine',
    abilities: { relay: true, voice: false, record: false },
    async open(callId, offerOfA) {
      needOpen()
      const facts = offerOfA === undefined ? undefined : readSdp(offerOfA)
      if (facts !== undefined && codecsForB(facts.codecs).length === 0) throw rejected('no_codec')
      let failure: unknown
      for (const instance of inOrder(instances)) {
        try {
          return await openIn(instance, facts)
        } catch (error) {
          failure = error
          if (state.closed) break
          log.warn('media.rtpengine_offer_failed', { callId, ...(error instanceof MaskError && error.reason !== undefined ? { reason: error.reason } : {}) })
          // It said no for itself alone; whether it is there at all, the next check will tell.
          if (error instanceof MaskError && error.reason !== 'refused') instance.mark(false, error)
        }
      }
      throw failure
    },
    stats: () => ({ sessions: sessions.size, portsInUse: sessions.size * portsOfSession }),
    async ping() {
      needOpen()
      // One that answers is enough.
      await Promise.any(instances.map((instance) => instance.ping())).catch((cause: unknown) => {
        throw new MaskError('media_unavailable', { reason: 'down', cause })
      })
    },
    async close() {
      state.closed = true
      await Promise.all([...sessions].map((session) => session.close()))
      await Promise.all(instances.map((instance) => instance.close()))
    }
  }
}
