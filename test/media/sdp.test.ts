import t from 'tap'
import fc from 'fast-check'
import { MaskError } from '../../src/errors.js'
import { codecsForB, codecsForVoice } from '../../src/media/negotiate.js'
import { readSdp, type MediaFacts } from '../../src/media/sdp.js'
import { mirror, writeSdp } from '../../src/media/sdp-write.js'

const lines = (...text: string[]): string => text.join('\r\n') + '\r\n'
const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0']
const plain = lines(...head, 'm=audio 4000 RTP/AVP 8')
const reasonOf = (text: string, family?: 4 | 6): string | undefined => {
  try {
    readSdp(text, family)
    return undefined
  } catch (error) {
    return error instanceof MaskError && error.code === 'media_rejected' ? error.reason : `threw ${String(error)}`
  }
}
const ours = (facts: MediaFacts): string[] => [
  writeSdp({ sessionId: '1', version: 1, host: '192.0.2.9', rtpPort: 5000, rtcpMux: facts.rtcpMux, codecs: codecsForVoice(facts.codecs), direction: mirror(facts.direction), ptime: facts.ptime ?? 20, streams: facts.streams, audioIndex: facts.audioIndex }),
  writeSdp({ sessionId: '1', version: 1, host: '192.0.2.9', rtpPort: 5000, rtcpMux: false, codecs: codecsForB(facts.codecs), direction: 'sendrecv', ptime: 20 })
]

t.test('the facts of a common offer', (t) => {
  const facts = readSdp(lines(...head, 'm=video 3000 RTP/AVP 99', 'm=audio 4000 RTP/AVP 96 8 0 101', 'c=IN IP4 192.0.2.7', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 minptime=10; useinbandfec=1;x=y', 'a=rtpmap:101 telephone-event/8000', 'a=rtcp:4005', 'a=ptime:40', 'a=sendonly'))
  t.same(facts, {
    address: '192.0.2.7', rtpPort: 4000, rtcpPort: 4005, rtcpMux: false, direction: 'sendonly', ptime: 40, audioIndex: 1,
    streams: [{ kind: 'video', protocol: 'RTP/AVP' }, { kind: 'audio', protocol: 'RTP/AVP' }],
    codecs: [
      { name: 'opus', clockRate: 48000, payloadType: 96, parameters: { minptime: 10, useinbandfec: 1 } },
      { name: 'PCMA', clockRate: 8000, payloadType: 8 },
      { name: 'PCMU', clockRate: 8000, payloadType: 0 },
      { name: 'telephone-event', clockRate: 8000, payloadType: 101 }
    ]
  })
  t.end()
})

t.test('what may be left out has its standard meaning', (t) => {
  const facts = readSdp(lines(...head, 'a=recvonly', 'm=audio 4000 RTP/AVP 0', 'a=rtcp-mux', 'a=ptime:25'))
  t.match(facts, { rtcpPort: 4000, rtcpMux: true, direction: 'recvonly', ptime: undefined })
  t.match(readSdp(plain), { rtcpPort: 4001, rtcpMux: false, direction: 'sendrecv' })
  t.match(readSdp(plain.replaceAll('\r\n', '\n')), { rtpPort: 4000 }, 'bare line feeds are read')
  t.end()
})

t.test('an address of zeros is a hold, on both families', (t) => {
  t.match(readSdp(plain.replace('c=IN IP4 192.0.2.1', 'c=IN IP4 0.0.0.0')), { address: undefined, direction: 'sendonly' })
  t.match(readSdp(plain.replace('c=IN IP4 192.0.2.1', 'c=IN IP6 ::'), 6), { address: undefined, direction: 'sendonly' })
  t.match(readSdp(plain.replace('c=IN IP4 192.0.2.1', 'c=IN IP4 0.0.0.0') + 'a=recvonly\r\n'), { direction: 'inactive' })
  t.match(readSdp(plain.replace('c=IN IP4 192.0.2.1', 'c=IN IP6 2001:DB8:0:0::1'), 6), { address: '2001:db8::1' }, 'one form for one address')
  t.end()
})

t.test('what cannot be served is refused with a reason of ours', (t) => {
  t.equal(reasonOf(''), 'malformed')
  t.equal(reasonOf('v=1\r\n'), 'malformed')
  t.equal(reasonOf(plain.replace('o=- 1 1 IN IP4 192.0.2.1', 'o=nonsense')), 'malformed')
  t.equal(reasonOf(plain + 'not a line\r\n'), 'malformed')
  t.equal(reasonOf(plain + 'a=x\r\n'.repeat(4000)), 'malformed', 'too long')
  t.equal(reasonOf(plain.replace('m=audio', 'm=telepathy')), 'malformed')
  t.equal(reasonOf(plain.replace('4000', '400000')), 'malformed')
  t.equal(reasonOf(plain.replace('4000', '4000/2')), 'malformed')
  t.equal(reasonOf(plain + 'm=video 0 RTP/AVP 99\r\n'.repeat(9)), 'malformed', 'too many streams')
  t.equal(reasonOf(lines(...head)), 'no_audio')
  t.equal(reasonOf(lines(...head, 'm=video 4000 RTP/AVP 99')), 'no_audio')
  t.equal(reasonOf(plain.replace('4000', '0')), 'no_audio')
  t.equal(reasonOf(plain.replace('RTP/AVP 8', 'RTP/SAVP 8')), 'not_secure_only')
  t.equal(reasonOf(plain.replace('RTP/AVP 8', 'RTP/AVP 18 9')), 'no_codec')
  t.equal(reasonOf(plain.replace('RTP/AVP 8', 'RTP/AVP 101') + 'a=rtpmap:101 telephone-event/8000\r\n'), 'no_codec')
  t.equal(reasonOf(plain + 'a=rtpmap:8 opus/48000/2\r\n'), 'no_codec', 'a fixed number means one thing')
  for (const address of ['IN IP6 2001:db8::1', 'IN IP4 phone.example', 'IN IP4 224.0.0.5', 'IN IP4 255.255.255.255', 'IN IP4 0.1.2.3', 'IN IP4 1.2.3']) {
    t.equal(reasonOf(plain.replace('c=IN IP4 192.0.2.1', `c=${address}`)), 'address', address)
  }
  for (const address of ['IN IP6 fe80::1%eth0', 'IN IP6 ff02::1', 'IN IP4 192.0.2.1']) t.equal(reasonOf(plain.replace('c=IN IP4 192.0.2.1', `c=${address}`), 6), 'address', address)
  t.equal(reasonOf(plain.replace('c=IN IP4 192.0.2.1\r\n', '')), 'address')
  t.equal(reasonOf(plain.replace('4000', '53')), 'address', 'ports of services')
  t.equal(reasonOf(lines(...head, 'm=audio 4000 RTP/SAVP 8', 'm=audio 4002 RTP/AVP 8')), undefined, 'the plain one of two is taken')
  t.end()
})

t.test('hostile text never throws anything else', (t) => {
  const token = fc.constantFrom('v=0', 'o=- 1 1 IN IP4 1.2.3.4', 's=', 'c=IN IP4 ', 'm=audio ', 'RTP/AVP', '8', '0', ' ', '\r\n', '\n', 'a=rtpmap:', 'a=fmtp:', 'opus/48000/2', '/', '__proto__', 'constructor', '%', '\0', '999999999999', '-1', '1.2.3.4', 'a=rtcp:', 'a=ptime:', '=', 'a')
  const soup = fc.array(token, { maxLength: 60 }).map((parts) => `v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n${parts.join('')}`)
  const known = /^(malformed|no_audio|no_codec|address|not_secure_only)$/
  fc.assert(fc.property(fc.oneof(soup, fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
    const reason = reasonOf(text)
    return reason === undefined || known.test(reason)
  }), { numRuns: 2000 })
  const slow = plain + `a=fmtp:8 ${'a=1;'.repeat(3000)}\r\n`
  t.equal(reasonOf(slow), undefined)
  t.end()
})

t.test('nothing of a description comes out of ours but its codecs', (t) => {
  const places: readonly ((secret: string) => string)[] = [
    (x) => `s=${x}`, (x) => `i=${x}`, (x) => `u=https://${x}/`, (x) => `e=${x}@home.example`, (x) => `p=+46${x}`, (x) => `b=AS:${x}`, (x) => `k=clear:${x}`, (x) => `z=${x}`,
    (x) => `a=candidate:1 1 UDP 2130706431 ${x} 4000 typ host`, (x) => `a=ice-ufrag:${x}`, (x) => `a=ice-pwd:${x}`, (x) => `a=fingerprint:sha-256 ${x}`, (x) => `a=ssrc:1 cname:${x}`,
    (x) => `a=msid:${x} ${x}`, (x) => `a=mid:${x}`, (x) => `a=tool:${x}`, (x) => `a=${x}`, (x) => `a=x-${x}:${x}`, (x) => `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${x}`, (x) => `a=label:${x}`,
    (x) => `a=rtcp:4001 IN IP4 ${x}`, (x) => `a=fmtp:101 ${x}`, (x) => `a=fmtp:96 ${x}=1;maxplaybackrate=${x};useinbandfec=1;sprop-${x}=${x}`, (x) => `a=rtpmap:100 ${x}/8000`, (x) => `a=fmtp:100 ${x}`,
    (x) => `a=extmap:1 urn:${x}`, (x) => `a=group:BUNDLE ${x}`, (x) => `a=ptime:${x}`, (x) => `a=rtcp-fb:96 ${x}`, (x) => `a=setup:${x}`, (x) => `a=sendrecv ${x}`, (x) => `a=rtcp-mux ${x}`
  ]
  const secret = fc.oneof(fc.stringMatching(/^CANARY[A-Z]{6}$/), fc.constantFrom('0740607777', '46740607777', '198.51.100.77'))
  const where = fc.record({ secret, media: fc.subarray([...places]), session: fc.subarray([...places]), video: fc.subarray([...places]) })
  fc.assert(fc.property(where, ({ secret, media, session, video }) => {
    const text = lines(
      'v=0', `o=${secret} 740607777 740607777 IN IP4 198.51.100.77`, ...session.map((place) => place(secret)), 'c=IN IP4 198.51.100.77', 't=740607777 0',
      'm=audio 41234 RTP/AVP 96 8 100 101', ...media.map((place) => place(secret)), 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/8000',
      'm=video 41236 RTP/AVP 99', 'c=IN IP4 198.51.100.78', ...video.map((place) => place(secret))
    )
    const out = ours(readSdp(text)).join('')
    return !/CANARY|0607777|198\.51\.100|4123/.test(out) && out.startsWith('v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n')
  }), { numRuns: 300 })
  t.end()
})

t.test('ours to the letter, with the streams that we refuse', (t) => {
  const facts = readSdp(lines(...head, 'm=video 3000 RTP/AVP 99 100', 'm=image 3002 udptl t38', 'm=audio 4000 RTP/AVPF 0 96 102', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1;stereo=7', 'a=rtpmap:102 telephone-event/8000', 'a=rtcp-mux', 'm=application 3004 UDP/DTLS/SCTP webrtc-datachannel'))
  const text = writeSdp({ sessionId: '17', version: 2, host: '192.0.2.9', rtpPort: 5000, rtcpMux: true, codecs: facts.codecs, direction: 'sendonly', ptime: 20, streams: facts.streams, audioIndex: facts.audioIndex })
  t.same(text.split('\r\n'), [
    'v=0', 'o=- 17 2 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0', 'm=video 0 RTP/AVP 0', 'm=image 0 udptl t38', 'm=audio 5000 RTP/AVPF 0 96 102',
    'a=rtpmap:0 PCMU/8000', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:102 telephone-event/8000', 'a=fmtp:96 useinbandfec=1', 'a=fmtp:102 0-15', 'a=ptime:20', 'a=sendonly', 'a=rtcp-mux',
    'm=application 0 UDP/DTLS/SCTP *', ''
  ])
  t.match(writeSdp({ sessionId: '1', version: 1, host: '2001:db8::9', rtpPort: 5000, rtcpMux: false, codecs: facts.codecs, direction: 'sendrecv', ptime: 20 }), /o=- 1 1 IN IP6 2001:db8::9\r\n.*c=IN IP6 2001:db8::9/s)
  t.end()
})

t.test('a direction is answered with its mirror', (t) => {
  t.same((['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const).map(mirror), ['sendrecv', 'recvonly', 'sendonly', 'inactive'])
  t.end()
})
