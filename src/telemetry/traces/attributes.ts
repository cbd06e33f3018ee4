import { suspicious } from '../log.js'

/** Words of ours have no digit, so nothing that leads to a person fits (as in src/record/trace.ts). */
const word = /^[a-z_-]{1,32}$/
const idOfConfig = /^[a-z0-9]{1,16}$/
const upTo = (most: number) => (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= most

/**
 * Every attribute that a span, an event of one or the resource may have, and what its value may look like: nothing
 * that the log may not hold. The collector may be somebody else's, so what ties calls to one delivery (its id, its
 * reference) is not among them. Names without `maskline.` are OpenTelemetry's semantic conventions.
 */
export const allowed = {
  'service.name': /^maskline$/,
  'service.version': /^\d{1,3}\.\d{1,3}\.\d{1,3}$/,
  'service.instance.id': /^[a-z]{12}$/,
  'telemetry.sdk.language': word,
  'telemetry.sdk.name': word,
  'telemetry.sdk.version': /^\d{1,3}\.\d{1,3}\.\d{1,3}$/,

  'maskline.call.id': /^[a-z]{20}$/,
  'maskline.shop.id': idOfConfig,
  /** Who began it and whom it was to reach: `courier`, `customer`, `shop`, `support`. */
  'maskline.call.started_by': word,
  'maskline.call.callee': word,
  'maskline.call.result': word,
  'maskline.call.reason': word,
  'maskline.call.outcome': word,
  /** Which attempt of the day it was for its delivery. */
  'maskline.call.attempt': upTo(9999),
  /** The carrier: where a call came from, or where an INVITE went. */
  'maskline.trunk.id': idOfConfig,
  /** Place of the gateway in the trunk's configuration, from 1; 0 is a courier's app. */
  'maskline.gateway': upTo(699),
  /** `a` or `b`, as in `maskline trace`. */
  'maskline.side': /^[ab]$/,
  /** Which try it was to reach this side, from 1. */
  'maskline.try': upTo(699),
  'maskline.sip.status_code': upTo(699),
  'maskline.lookup': word,
  'maskline.gate': word,
  'maskline.media.engine': word,
  /** What else a step says: a prompt's name, whether a code was right, how a leg was lost. */
  'maskline.detail': word,
  'error.type': /^([a-z_]{1,32}|[45]\d\d)$/,

  'maskline.request.id': /^[a-z]{12}$/,
  'http.request.method': /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|_OTHER)$/,
  /** The pattern, never what was asked for. */
  'http.route': /^(\*|\/[A-Za-z0-9/:_.*-]{0,99})$/,
  'http.response.status_code': upTo(599)
} as const satisfies Record<string, RegExp | ((value: number) => boolean)>

export type AttributeName = keyof typeof allowed
export type Attributes = Readonly<Partial<Record<AttributeName, string | number>>>
type Given = Readonly<Partial<Record<AttributeName, string | number | undefined>>>

/** What is in the list and looks as it should; all else is left out. */
export function attributes(given: Given): Attributes {
  const entries = Object.entries(given).filter((entry): entry is [AttributeName, string | number] => fits(entry[0], entry[1]))
  return Object.fromEntries(entries)
}

function fits(name: string, value: unknown): boolean {
  if (!Object.hasOwn(allowed, name)) return false
  const rule = allowed[name as AttributeName]
  if (rule instanceof RegExp) return typeof value === 'string' && rule.test(value) && !suspicious.test(value)
  return typeof value === 'number' && rule(value)
}
