/**
 * A SIP server inside the process, for one small machine, for tests and for the demo: not a replacement
 * of a carrier-grade server. Its layers, each usable without the ones after it:
 *
 * 1. message/      texts ↔ `SipRequest`, `SipResponse`; typed parse errors; nothing unsafe is ever sent
 * 2. transport/    UDP and TCP on one host and port, Via with received and rport, stream framing
 * 3. transaction/  RFC 3261 §17 with RFC 6026; `Timers` scales every timer by T1
 * 4. dialog/       `UserAgent`: dialogs, forking, 100rel, the 2xx until its ACK, and what must be refused
 * 5. drachtio/     the protocol to drachtio-srf
 * 6. server.ts     all of it together: `startSipServer`
 *
 * A phone is made of 1 to 4: `SipTransport.listen` → `new TransactionLayer` → `transport.use(layer)` →
 * `new UserAgent` → `agent.use(…)`.
 */
export * from './message/index.js'
export * from './transport/index.js'
export * from './transaction/index.js'
export * from './dialog/index.js'
export * from './server.js'
