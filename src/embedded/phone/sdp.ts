import type { Codec } from '../../media/codecs.js'
import type { MediaDirection } from '../../media/sdp.js'

/** What a phone can do. */
export const supported: readonly Codec[] = [
  { name: 'PCMA', clockRate: 8000, payloadType: 8 },
  { name: 'PCMU', clockRate: 8000, payloadType: 0 },
  { name: 'telephone-event', clockRate: 8000, payloadType: 101 }
]

export interface PhoneDescription {
  readonly host: string
  readonly number: string
  readonly rtpPort: number
  readonly rtcpPort: number
  readonly ssrc: number
  readonly version: number
  readonly codecs: readonly Codec[]
  readonly direction: MediaDirection
}

/**
 * The description of a talkative phone: its number stands wherever SDP has room for one, as real phones do in
 * one place or another. Whoever masks the number has to find them all.
 */
export function phoneSdp(phone: PhoneDescription): string {
  const family = phone.host.includes(':') ? 'IP6' : 'IP4'
  return [
    'v=0',
    `o=${phone.number} ${phone.ssrc} ${phone.version} IN ${family} ${phone.host}`,
    `s=Call of ${phone.number}`,
    `i=${phone.number}`,
    `e=${phone.number}@phone.example`,
    `p=${phone.number}`,
    `c=IN ${family} ${phone.host}`,
    't=0 0',
    `a=tool:phone ${phone.number}`,
    `m=audio ${phone.rtpPort} RTP/AVP ${phone.codecs.map(({ payloadType }) => payloadType).join(' ')}`,
    ...phone.codecs.map(({ payloadType, name, clockRate }) => `a=rtpmap:${payloadType} ${name}/${clockRate}${name === 'opus' ? '/2' : ''}`),
    ...phone.codecs.filter(({ name }) => name === 'telephone-event').map(({ payloadType }) => `a=fmtp:${payloadType} 0-15`),
    `a=rtcp:${phone.rtcpPort}`,
    `a=ssrc:${phone.ssrc} cname:${phone.number}`,
    `a=ice-ufrag:${phone.number.slice(1)}`,
    `a=label:${phone.number}`,
    'a=ptime:20',
    `a=${phone.direction}`,
    ''
  ].join('\r\n')
}
