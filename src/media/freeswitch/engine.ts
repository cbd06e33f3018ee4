import { MaskError } from '../../errors.js'
import type { Log } from '../../telemetry/log.js'
import { readSdp } from '../sdp.js'
import { foldersFor } from '../sounds.js'
import type { MediaEngine } from '../types.js'
import { Endpoint } from './endpoint.js'
import { Link } from './link.js'
import { describeSide, FreeswitchSession, nobody, type SessionOptions } from './session.js'

export interface FreeswitchMediaOptions {
  /** `esl://:secret@host:port` of the event socket. */
  readonly url: string
  /** The drachtio-srf instance by which FreeSWITCH is reached; it must be connected when calls come. */
  readonly srf: unknown
  /** Where FreeSWITCH's channels dial us: the address of its dialplan. `advertised` is `host` unless it goes by another name there. */
  readonly listen: { readonly host: string, readonly port: number, readonly advertised?: string }
  /** Our folder of sounds, and the one of shops' own recordings, as FreeSWITCH sees them. */
  readonly sounds: { readonly root: string, readonly overrides?: string }
  readonly log: Log
  /** Milliseconds for one step of a call. */
  readonly deadlineMs: number
  /** Milliseconds without RTP from either side after which a session is `silent`. */
  readonly silenceTimeoutMs: number
  /** Name of the sofia profile. */
  readonly profile?: string
}

/** Two channels with RTP and RTCP. */
const portsOfSession = 4
/** 425 Hz, 1 s on, 4 s off (ITU-T E.180). */
const ringback = 'tone_stream://%(1000,4000,425)'

/**
 * Relays and speaks through a FreeSWITCH. Connects in the background and again whenever the connection is lost.
 * @throws MaskError config_invalid for a folder or profile that cannot stand in a command
 */
export function createFreeswitchMedia({ url, srf, listen, sounds, log, deadlineMs, silenceTimeoutMs, profile = 'drachtio_mrf' }: FreeswitchMediaOptions): MediaEngine {
  // Both stand in commands where a blank or a line break would start something else.
  for (const path of Object.values(sounds)) if (!/^\/[\w./-]*$/.test(path)) throw new MaskError('config_invalid', { cause: 'A folder of sounds for FreeSWITCH must be an absolute path of letters, digits and . _ / -' })
  if (!/^\w{1,64}$/.test(profile)) throw new MaskError('config_invalid', { cause: 'The name of the sofia profile must be a word.' })
  const { hostname, port, password } = new URL(url)
  const link = new Link({ host: hostname, port: Number(port), secret: decodeURIComponent(password), profile, srf, listen: { ...listen, advertised: listen.advertised ?? listen.host }, log, deadlineMs })
  const find = finder(sounds)
  const sessions = new Set<FreeswitchSession>()
  const state = { closed: false }

  const needOpen = (): void => {
    if (state.closed) throw new MaskError('media_unavailable', { reason: 'closed' })
  }

  return {
    name: 'freeswitch',
    abilities: { relay: true, voice: true, record: false },
    async open(callId, offerOfA) {
      needOpen()
      const facts = offerOfA === undefined ? undefined : readSdp(offerOfA)
      const [a, b] = await both(Endpoint.open(link, facts === undefined ? nobody : describeSide(facts), deadlineMs), Endpoint.open(link, nobody, deadlineMs))
      const session: FreeswitchSession = new FreeswitchSession({ a, b }, facts, { log: log.with({ callId }), sounds: find, silenceTimeoutMs, onClose: () => sessions.delete(session) })
      sessions.add(session)
      if (state.closed) await session.close()
      needOpen()
      return session
    },
    stats: () => ({ sessions: sessions.size, portsInUse: sessions.size * portsOfSession }),
    async ping() {
      needOpen()
      await link.ready()
      await link.api('uptime')
    },
    async close() {
      state.closed = true
      await Promise.all([...sessions].map((session) => session.close()))
      link.close()
    }
  }
}

function finder({ root, overrides }: FreeswitchMediaOptions['sounds']): SessionOptions['sounds'] {
  return (prompt, { language = 'en', shop, loop }) => {
    const names = prompt === 'ringback' ? [ringback] : foldersFor(root, overrides, language, shop).map((folder) => `${folder}/${prompt}.wav`)
    return loop ? names.map((name) => `${name};loops=-1`) : names
  }
}

/** Two channels or none. */
async function both(one: Promise<Endpoint>, other: Promise<Endpoint>): Promise<[Endpoint, Endpoint]> {
  const [a, b] = await Promise.allSettled([one, other])
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  for (const made of [a, b]) if (made.status === 'fulfilled') await made.value.hangUp()
  throw (a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason) as unknown
}
