/** Builds a value of a header field out of a secret word and a number of a person. */
export type Place = readonly [name: string, value: (word: string, number: string) => string]

const uri = (w: string, n: string): string => `sip:${n}@${w}.example;phone-context=${w}`
const addressed = (w: string, n: string): string => `"${w} Tamm" <${uri(w, n)}>`
// RFC 3325 §9: these two have no parameters.
const named = (w: string, n: string): string => `${addressed(w, n)};${w}=1`
const token = (w: string): string => w

/**
 * Header fields of the IANA registry (SIP Parameters, Header Fields) and what vendors add, in the form of their RFC, that
 * any message may carry without changing what becomes of the call.
 */
export const harmless: readonly Place[] = [
  ['Accept-Contact', (w, n) => `*;sip.instance="<urn:uuid:${w}>";sip.phone="${n}"`],
  ['Accept-Encoding', (w) => `identity;${w}=1`],
  ['Accept-Language', (w) => `et;${w}=1`],
  ['Accept-Resource-Priority', (w) => `${w}.1`],
  ['Additional-Identity', named],
  ['Alert-Info', (w, n) => `<http://${w}.example/${n}.wav>;info=${w}`],
  ['Allow-Events', token],
  ['Answer-Mode', (w) => `Auto;${w}=1`],
  ['Attestation-Info', token],
  ['Authentication-Info', (w) => `nextnonce="${w}"`],
  ['Call-Info', (w, n) => `<http://${w}.example/${n}/photo.jpg>;purpose=icon`],
  ['Cellular-Network-Info', (w) => `3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=${w};cell-info-age=5`],
  ['Cisco-Guid', (w) => w],
  ['Content-Language', token],
  ['DC-Info', token],
  ['Diversion', (w, n) => `<${uri(w, n)}>;reason=${w}`],
  ['Error-Info', (w, n) => `<sip:${n}@${w}.example>`],
  ['Feature-Caps', (w) => `*;+g.3gpp.icsi-ref="${w}"`],
  ['Geolocation', (w, n) => `<cid:${n}@${w}.example>;loc=59.43696,24.75353`],
  ['Geolocation-Error', (w) => `100 "${w}"`],
  ['History-Info', (w, n) => `<sip:${n}@${w}.example?Reason=SIP%3Bcause%3D302%3Btext%3D%22${w}%22&Privacy=history>;index=1`],
  ['Identity', (w, n) => `${Buffer.from(JSON.stringify({ alg: 'ES256', x5u: `https://${w}.example/c` })).toString('base64url')}.${Buffer.from(JSON.stringify({ orig: { tn: n }, origid: w })).toString('base64url')}.c2ln;info=<https://${w}.example/c>`],
  ['Identity-Info', (w) => `<https://${w}.example/cert>;alg=rsa-sha1`],
  ['In-Reply-To', (w) => `${w}@${w}.example`],
  ['Organization', (w) => `${w} OÜ`],
  ['Origination-Id', token],
  ['P-Access-Network-Info', (w) => `IEEE-802.11;i-wlan-node-id=${w}`],
  ['P-Answer-State', (w) => `Confirmed;${w}=1`],
  ['P-Asserted-Service', (w) => `urn:urn-7:3gpp-service.${w}`],
  ['P-Associated-URI', (w, n) => `<${uri(w, n)}>`],
  ['P-Called-Party-ID', (w, n) => `<${uri(w, n)}>`],
  ['P-Charge-Info', (w, n) => `<${uri(w, n)}>`],
  ['P-Charging-Function-Addresses', (w) => `ccf=${w}.example`],
  ['P-Charging-Vector', (w) => `icid-value="${w}";icid-generated-at=192.0.2.7;orig-ioi=${w}.example`],
  ['P-DCS-Billing-Info', (w, n) => `${w}/${n}@${w}.example`],
  ['P-DCS-LAES', (w) => `${w}.example:5000`],
  ['P-DCS-OSPS', token],
  ['P-DCS-Redirect', (w, n) => `<sip:${n}@${w}.example>;count=1`],
  ['P-DCS-Trace-Party-ID', named],
  ['P-Early-Media', (w) => `sendrecv, ${w}`],
  ['P-Media-Authorization', (w) => Buffer.from(w).toString('hex')],
  ['P-Preferred-Service', (w) => `urn:urn-7:3gpp-service.${w}`],
  ['P-Private-Network-Indication', (w) => `${w}.example`],
  ['P-Profile-Key', (w, n) => `<${uri(w, n)}>`],
  ['P-Refused-URI-List', (w, n) => `<${uri(w, n)}>`],
  ['P-Served-User', (w, n) => `<${uri(w, n)}>;sescase=orig`],
  ['P-User-Database', (w) => `<aaa://${w}.example>`],
  ['P-Visited-Network-ID', (w) => `"${w}"`],
  ['Permission-Missing', (w, n) => uri(w, n)],
  ['Policy-Contact', (w, n) => `<${uri(w, n)}>`],
  ['Policy-ID', token],
  ['Priority', token],
  ['Priority-Share', token],
  ['Priority-Verstat', token],
  ['Reason', (w) => `Q.850;cause=16;text="${w}"`],
  ['Referred-By', named],
  ['Reject-Contact', (w) => `*;actor="${w}"`],
  ['Relayed-Charge', (w) => `${w}=1`],
  ['Remote-Party-ID', (w, n) => `${named(w, n)};party=calling;screen=yes`],
  ['Reply-To', named],
  ['Request-Disposition', token],
  ['Resource-Priority', (w) => `${w}.1`],
  ['Resource-Share', token],
  ['Response-Key', token],
  ['Response-Source', (w) => `<sip:${w}.example>`],
  ['Restoration-Info', token],
  ['Retry-After', (w) => `120 (${w});duration=60`],
  ['Security-Client', (w) => `${w};q=0.1`],
  ['Security-Server', (w) => `${w};q=0.1`],
  ['Security-Verify', (w) => `${w};q=0.1`],
  ['Server', (w) => `${w}/1.0`],
  ['Service-Interact-Info', token],
  ['Service-Route', (w) => `<sip:${w}.example;lr>`],
  ['Session-ID', (w) => `f81d4fae7dec11d0a76500a0c91e6bf6;remote=${Buffer.from(w).toString('hex').slice(0, 32)}`],
  ['SIP-ETag', token],
  ['Subject', (w) => `${w} Tartu maantee 7, door code 4711`],
  ['Trigger-Consent', (w, n) => `${uri(w, n)};target-uri="sip:${w}.example"`],
  ['Unsupported', token],
  ['User-Agent', (w, n) => `${w}/2.0 (IMEI ${n})`],
  ['User-to-User', (w, n) => `${Buffer.from(`${w}${n}`).toString('hex')};encoding=hex`],
  ['Warning', (w) => `399 ${w}.example "${w}"`],
  ['WWW-Authenticate', (w) => `Digest realm="${w}", nonce="${w}"`],
  ['X-Address', (w) => `${w} Tartu maantee 7`],
  ['X-Customer-Email', (w) => `${w}@${w}.example`],
  ['X-Device', (w) => `${w};mac=00-11-22-33-44-55`],
  ['X-Position', (w) => `59.43696,24.75353;${w}`],
  ['P-Preferred-Identity', addressed]
]

/** Fields that ask for something else to be done; each goes in a call of its own. */
export const telling: readonly Place[] = [
  ['Authorization', (w) => `Digest username="${w}", realm="${w}", nonce="n", uri="sip:${w}.example", response="00000000000000000000000000000000"`],
  ['Content-Disposition', (w) => `session;handling=optional;${w}=1`],
  ['Content-Encoding', token],
  ['Event', (w) => `${w};id=1`],
  ['Info-Package', token],
  ['Join', (w) => `${w}@${w}.example;from-tag=${w};to-tag=${w}`],
  ['Min-SE', (w) => `90;${w}=1`],
  ['P-Asserted-Identity', addressed],
  ['Path', (w) => `<sip:${w}.example;lr>`],
  ['Privacy', (w) => `id;${w}`],
  ['Proxy-Authenticate', (w) => `Digest realm="${w}", nonce="${w}"`],
  ['Proxy-Authorization', (w) => `Digest username="${w}", realm="${w}", nonce="n", uri="sip:${w}.example", response="00000000000000000000000000000000"`],
  ['Proxy-Require', token],
  ['Recv-Info', token],
  ['Record-Route', (w) => `<sip:192.0.2.9;lr;${w}=1>`],
  ['Refer-To', named],
  ['Replaces', (w) => `${w}@${w}.example;to-tag=${w};from-tag=${w}`],
  ['Require', token],
  ['Session-Expires', (w) => `1800;refresher=uac;${w}=1`],
  ['SIP-If-Match', token],
  ['Subscription-State', (w) => `active;${w}=1`],
  ['Supported', token],
  ['Suppress-If-Match', token],
  ['Target-Dialog', (w) => `${w}@${w}.example;local-tag=${w};remote-tag=${w}`],
  ['Priv-Answer-Mode', (w) => `Auto;${w}=1`]
]

/** Lines and attributes of a session description that can say who or where somebody is (RFC 8866, RFC 8839, RFC 5576 …). */
export const sdpLines = {
  /** In their order between `o=` and `m=`. */
  session: (word: (place: string) => string, number: string): string[] => [
    `s=${word('s=')}`, `i=${word('i=')}`, `u=http://${word('u=')}.example/`, `e=${word('e=')}@example.com (${word('e= comment')})`, `p=+${number} (${word('p=')})`
  ],
  attributes: [
    'tool', 'cname', 'label', 'mid', 'msid', 'ice-ufrag', 'ice-pwd', 'ice-options', 'fingerprint', 'setup', 'identity', 'keywds', 'cat', 'charset', 'sdplang',
    'lang', 'type', 'quality', 'content', 'extmap', 'rtcp-fb', 'ssrc', 'ssrc-group', 'group', 'crypto', 'key-mgmt', 'connection', 'source-filter', 'rtcp-xr', 'imageattr', 'X-nat', 'x-location'
  ],
  /** The value of an attribute around a word. */
  value: (name: string, word: string, number: string): string => ({
    extmap: `9 urn:${word}`, ssrc: `12345 cname:${word}`, crypto: `1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.from(word.padEnd(30, 'x')).toString('base64')}`,
    identity: Buffer.from(JSON.stringify({ user: word, tn: number })).toString('base64'), fingerprint: `sha-256 ${word}`, 'rtcp-fb': `* ${word}`, 'x-location': `59.4,24.7;${word}`
  }[name] ?? word)
}
