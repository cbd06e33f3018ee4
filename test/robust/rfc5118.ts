/** The messages of RFC 5118 §4.1 to §4.10 (torture tests with IPv6), with what our server makes of each. */
export interface Ipv6Case {
  readonly name: string
  readonly text: string
  /** undefined: read without complaint. */
  readonly refused?: string
}

const lines = (...all: string[]): string => all.join('\r\n')
/** As `lines`, with the length that the body has: the line ends of the RFC's print do not tell. */
const measured = (...all: string[]): string => lines(...all).replace(/(?<=Content-Length: )\d+/, String(lines(...all.slice(all.indexOf('') + 1)).length))
const contact = 'Contact: "Caller" <sip:caller@[2001:db8::1]>'
const rest = ['Max-Forwards: 70', contact, 'CSeq: 98176 REGISTER', 'Content-Length: 0', '', '']
const register = (uri: string): string => lines(`REGISTER ${uri} SIP/2.0`, 'To: sip:user@example.com', 'From: sip:user@example.com;tag=81x2', 'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111', 'Call-ID: SSG9559905523997077@hlau_4100', ...rest)
const options = (host: string): string => lines(`OPTIONS sip:user@[${host}] SIP/2.0`, `To: sip:user@[${host}]`, 'From: sip:user@example.com;tag=810x2', 'Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111', 'Call-ID: G9559905523997077@hlau_4100', 'CSeq: 689 OPTIONS', 'Max-Forwards: 70', 'Content-Length: 0', '', '')
const video = ['m=audio 6000 RTP/AVP 2', 'a=rtpmap:2 G726-32/8000', 'm=video 6024 RTP/AVP 107', 'a=rtpmap:107 H263-1998/90000', '']

export const ipv6Cases: readonly Ipv6Case[] = [
  { name: 'ipv6-good', text: register('sip:[2001:db8::10]') },
  { name: 'ipv6-bad', text: register('sip:2001:db8::10'), refused: 'uri' },
  { name: 'port-ambiguous', text: register('sip:[2001:db8::10:5070]') },
  { name: 'port-unambiguous', text: register('sip:[2001:db8::10]:5070') },
  {
    name: 'via-received-param-with-delim',
    text: lines('BYE sip:[2001:db8::10] SIP/2.0', 'To: sip:user@example.com;tag=bd76ya', 'From: sip:user@example.com;tag=81x2', 'Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111', 'Call-ID: SSG9559905523997077@hlau_4100', 'Max-Forwards: 70', 'CSeq: 321 BYE', 'Content-Length: 0', '', '')
  },
  {
    name: 'via-received-param-no-delim',
    text: lines('OPTIONS sip:[2001:db8::10] SIP/2.0', 'To: sip:user@example.com', 'From: sip:user@example.com;tag=81x2', 'Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3', 'Call-ID: SSG95523997077@hlau_4100', 'Max-Forwards: 70', 'Contact: "Caller" <sip:caller@[2001:db8::9:1]>', 'CSeq: 921 OPTIONS', 'Content-Length: 0', '', '')
  },
  {
    name: 'ipv6-in-sdp',
    text: measured('INVITE sip:user@[2001:db8::10] SIP/2.0', 'To: sip:user@[2001:db8::10]', 'From: sip:user@example.com;tag=81x2', 'Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111', 'Call-ID: SSG9559905523997077@hlau_4100', 'Contact: "Caller" <sip:caller@[2001:db8::20]>', 'CSeq: 8612 INVITE', 'Max-Forwards: 70', 'Content-Type: application/sdp', 'Content-Length: 0', '', 'v=0', 'o=assistant 971731711378798081 0 IN IP6 2001:db8::20', 's=Live video feed for today\'s meeting', 'c=IN IP6 2001:db8::20', 't=3338481189 3370017201', ...video)
  },
  {
    name: 'mult-ip-in-header',
    text: lines('BYE sip:user@host.example.net SIP/2.0', 'Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111', 'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144', 'Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200', 'Call-ID: 997077@lau_4100', 'Max-Forwards: 70', 'CSeq: 89187 BYE', 'To: sip:user@example.net;tag=9817--94', 'From: sip:user@example.com;tag=81x2', 'Content-Length: 0', '', '')
  },
  {
    name: 'mult-ip-in-sdp',
    text: measured('INVITE sip:user@[2001:db8::10] SIP/2.0', 'To: sip:user@[2001:db8::10]', 'From: sip:user@example.com;tag=81x2', 'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111', 'Call-ID: SSG9559905523997077@hlau_4100', 'Contact: "Caller" <sip:caller@[2001:db8::9:1]>', 'Max-Forwards: 70', 'CSeq: 8912 INVITE', 'Content-Type: application/sdp', 'Content-Length: 0', '', 'v=0', 'o=bob 280744730 28977631 IN IP4 host.example.com', 's=', 't=0 0', 'm=audio 22334 RTP/AVP 0', 'c=IN IP4 192.0.2.1', 'm=video 6024 RTP/AVP 107', 'c=IN IP6 2001:db8::1', 'a=rtpmap:107 H263-1998/90000', '')
  },
  {
    name: 'ipv4-mapped-ipv6',
    text: measured('INVITE sip:user@example.com SIP/2.0', 'To: sip:user@example.com', 'From: sip:user@east.example.com;tag=81x2', 'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19', 'Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111', 'Call-ID: SSG9559905523997077@hlau_4100', 'Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>', 'CSeq: 612 INVITE', 'Max-Forwards: 70', 'Content-Type: application/sdp', 'Content-Length: 0', '', 'v=0', 'o=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2', 's=Call me soon, please!', 'c=IN IP6 ::ffff:192.0.2.2', 't=3338481189 3370017201', ...video)
  },
  { name: 'ipv6-bug-abnf-3-colons', text: options('2001:db8:::192.0.2.1') },
  { name: 'ipv6-correct-abnf-2-colons', text: options('2001:db8::192.0.2.1') }
]
