import { MaskError } from '../../errors.js'
import { keyPurposes, type KeyPurpose, type KeyScope } from './types.js'

const dayMs = 86_400_000
/** No key begins for a day that lies further back. */
export const beginsWithinMs = 100 * dayMs
/** What was destroyed is remembered longer than a key may begin for it, also where clocks differ. */
const rememberedMs = beginsWithinMs + 10 * dayMs

const form = /^([a-z]+)\.([A-Za-z0-9_-]{1,64})\.(0|\d{8})$/

/** Texts that were looked at already: every call asks for the same few keys. */
const seen = new Set<string>()
const mostSeen = 10_000

/** `record.shop1.20261121`: the scope as it is authenticated and as Redis knows it. @throws MaskError internal */
export function scopeText({ purpose, owner, period }: KeyScope): string {
  const text = `${purpose}.${owner}.${period}`
  if (seen.has(text)) return text
  parseScope(text)
  if (seen.size >= mostSeen) seen.clear()
  seen.add(text)
  return text
}

/** @throws MaskError internal when it is none */
export function parseScope(text: string): KeyScope {
  const [, purpose = '', owner = '', period = ''] = form.exec(text) ?? []
  if (!isPurpose(purpose) || !isPeriod(period)) throw new MaskError('internal', { cause: 'This is no scope of a key.' })
  return { purpose, owner, period }
}

function isPurpose(text: string): text is KeyPurpose {
  return (keyPurposes as readonly string[]).includes(text)
}

const isPeriod = (period: string): boolean => period === '0' || Number.isFinite(startOf(period))

/** First millisecond of a UTC day `20261121`; NaN when there is no such day. */
export function startOf(period: string): number {
  const iso = `${period.slice(0, 4)}-${period.slice(4, 6)}-${period.slice(6)}`
  const start = Date.parse(`${iso}T00:00:00Z`)
  // Some engines read February 30 as a day of March.
  return Number.isFinite(start) && new Date(start).toISOString().startsWith(iso) ? start : NaN
}

/** The first day, as `20261121`, for which a destroyed key is remembered. */
export function firstRemembered(now: number): string {
  return new Date(now - rememberedMs).toISOString().slice(0, 10).replaceAll('-', '')
}

/** Whether a key that is not there may be made. */
export function mayBegin({ period }: KeyScope, now: number): boolean {
  return period === '0' || startOf(period) > now - beginsWithinMs
}
