import { MaskError } from '../../errors.js'
import { newId } from '../../ids.js'
import type { Log } from '../../telemetry/log.js'
import { codecsForB } from '../negotiate.js'
import { readSdp, rejected, type MediaFacts } from '../sdp.js'
import { createSounds, type SoundsOptions } from '../sounds.js'
import type { MediaEngine } from '../types.js'
import { inOrder, Instance } from './instances.js'
import { RtpengineSession } from './session.js'

export interface RtpengineMediaOptions {
  /** `udp://host:port` of each instance's ng control port; at least one. */
  readonly urls: readonly string[]
  readonly log: Log
  /** Milliseconds for one request; those that open a call take no longer together, divided among the instances. */
  readonly deadlineMs: number
  /** Milliseconds without RTP from either side after which a session is `silent`. */
  readonly silenceTimeoutMs: number
  /**
   * Whether talk in G.711 is coded anew, so that RTP sources, times and header extensions of one phone do not
   * reach the other: about twice the work, and none of it in the kernel. True when absent.
   */
  readonly ownSources?: boolean
  /** Where the sounds lie; our own when absent. */
  readonly sounds?: Omit<SoundsOptions, 'log'>
}

/** Ports of a session: RTP and RTCP for two sides. */
const portsOfSession = 4

/**
 * Relays talk through one or more rtpengine servers: new calls go to the one with the fewest calls of ours,
 * and on to the next when it does not answer. It speaks into a talk but hears no keys and answers nobody alone,
 * so it does not count as having a voice: `answerAlone` rejects with media_unavailable.
 */
export function createRtpengineMedia({ urls, log, deadlineMs, silenceTimeoutMs, ownSources = true, sounds: folders = {} }: RtpengineMediaOptions): MediaEngine {
  if (urls.length === 0) throw new MaskError('config_invalid', { cause: 'The setting rtpengine.url names no server.' })
  const instances = urls.map((url, index) => new Instance(url, index, deadlineMs, log))
  const sounds = createSounds({ ...folders, log })
  const sessions = new Set<RtpengineSession>()
  const state = { closed: false }

  const needOpen = (): void => {
    if (state.closed) throw new MaskError('media_unavailable', { reason: 'closed' })
  }
  const openIn = async (instance: Instance, facts: MediaFacts | undefined, callId: string): Promise<RtpengineSession> => {
    const options = { ms: deadlineMs / instances.length, ownSources, silenceTimeoutMs, sounds, log: log.with({ callId }), onClose: () => sessions.delete(session) }
    // A name for rtpengine alone: its log and ours have no word in common.
    const session: RtpengineSession = await RtpengineSession.open(newId(), instance, facts, options)
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
          return await openIn(instance, facts, callId)
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
