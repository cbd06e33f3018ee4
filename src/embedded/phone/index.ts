/**
 * Telephones for tests and the demo. `createPhone` switches one on; `createGateway` stands for the carrier
 * between several of them and an application.
 */
export type { AudioPacket, PhoneAudio } from './audio.js'
export { userOf, type CallEnding, type CallState, type HeaderLines, type PhoneCall } from './call.js'
export type { Ear } from './ear.js'
export * from './gateway.js'
export type { AnswerOptions, IncomingCall, RingOptions } from './incoming.js'
export type { CallOptions, OutgoingCall } from './outgoing.js'
export * from './leaks.js'
export * from './phone.js'
export { PhoneError } from './watch.js'
export type { Loss, WireDirection, WireMessage } from './wire.js'
