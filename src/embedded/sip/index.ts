/**
 * A SIP server inside the process, for one small machine, for tests and for the demo: not a replacement
 * of a carrier-grade server. Its layers, each usable without the ones after it:
 *
 * 1. message/      texts ↔ `SipRequest`, `SipResponse`; typed parse errors; nothing unsafe is ever sent
 * 2. transport/    UDP and TCP on one host and port, Via with received and rport, stream framing
 * 3. transaction/  RFC 3261 §17 with RFC 6026; `Timers` scales every timer by T1
 */
export * from './message/index.js'
export * from './transport/index.js'
export * from './transaction/index.js'
