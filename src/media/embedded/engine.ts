import { isIP } from 'node:net'
import { MaskError } from '../../errors.js'
import type { Log } from '../../telemetry/log.js'
import { createPortAllocator } from '../rtp/ports.js'
import { createSounds, type SoundsOptions } from '../sounds.js'
import type { MediaEngine, MediaSession } from '../types.js'
import { createPacingClock } from './clock.js'
import { EmbeddedSession, type Shared } from './session.js'
import { encodedSounds } from './sounds.js'

export interface EmbeddedMediaOptions {
  /** The IP address that the sockets are bound to and that the descriptions name. */
  readonly host: string
  /** Both ends inclusive; a call takes four ports. */
  readonly ports: { readonly from: number, readonly to: number }
  readonly log: Log
  /** Milliseconds without RTP from either side after which a session is `silent`. */
  readonly silenceTimeoutMs: number
  /** Where the sounds lie; our own when absent. */
  readonly sounds?: Omit<SoundsOptions, 'log'>
}

/**
 * The media engine inside this process: relay and voice for one small machine, tests and demos.
 * @throws MaskError config_invalid for a host that is no single IP address
 */
export function createEmbeddedMedia({ host, ports, log, silenceTimeoutMs, sounds = {} }: EmbeddedMediaOptions): MediaEngine {
  if (isIP(host) === 0 || host === '0.0.0.0' || host === '::') throw new MaskError('config_invalid', { cause: 'The setting media.host must be one IP address of this machine.' })
  const allocator = createPortAllocator(ports.from, ports.to)
  const shared: Shared = { host, family: isIP(host) as 4 | 6, ports: allocator, clock: createPacingClock(), sounds: encodedSounds(createSounds({ ...sounds, log })), log }
  const sessions = new Set<EmbeddedSession>()
  let watcher: NodeJS.Timeout | undefined
  const state = { closed: false }

  const needOpen = (): void => {
    if (state.closed) throw new MaskError('media_unavailable', { reason: 'closed' })
  }
  const leave = (session: EmbeddedSession): void => {
    sessions.delete(session)
    if (sessions.size > 0) return
    clearInterval(watcher)
    watcher = undefined
  }
  const enter = (session: EmbeddedSession): void => {
    sessions.add(session)
    watcher ??= setInterval(() => {
      const now = performance.now()
      for (const one of sessions) one.watch(now, silenceTimeoutMs)
    }, Math.min(1000, silenceTimeoutMs / 4))
  }

  return {
    name: 'embedded',
    abilities: { relay: true, voice: true, record: true },
    async open(callId, offerOfA, needs = {}): Promise<MediaSession> {
      needOpen()
      const session = await EmbeddedSession.open(shared, offerOfA, callId, needs, leave)
      enter(session)
      // The engine may have closed while the sockets were being bound.
      if (state.closed) await session.close()
      return session
    },
    stats: () => ({ sessions: sessions.size, portsInUse: allocator.inUse * 2 }),
    ping: async () => needOpen(),
    async close() {
      state.closed = true
      await Promise.all([...sessions].map((session) => session.close()))
    }
  }
}
