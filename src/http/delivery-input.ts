import type { Config } from '../config.js'
import { MaskError } from '../errors.js'
import type { Lines } from '../line/types.js'
import { parsePhone } from '../phone/e164.js'
import type { E164 } from '../phone/types.js'
import { parseTime } from './time.js'

/** What the schemas cannot check: numbers, times, and fields that depend on each other. */
export interface DeliveryInput {
  /** @throws phone_invalid, phone_emergency, phone_not_allowed, phone_is_proxy with `field` */
  phone(text: string, field: string): E164
  /** Unix milliseconds, or undefined when neither field is there. @throws request_invalid, expiry_invalid */
  expiry(fields: ExpiryFields): number | undefined
}

interface ExpiryFields {
  readonly ttlSeconds?: number
  readonly expiresAt?: string
}

export function deliveryInput(limits: Config['line'], lines: Lines, clock: () => number): DeliveryInput {
  const policy = { allowedCountries: limits.allowedCountries, isProxyNumber: (number: string) => lines.isProxyNumber(number) }
  return {
    phone: (text, field) => parsePhone(text, policy, field),
    expiry: (fields) => expiryOf(fields, limits, clock())
  }
}

function expiryOf({ ttlSeconds, expiresAt }: ExpiryFields, limits: Config['line'], now: number): number | undefined {
  if (ttlSeconds !== undefined && expiresAt !== undefined) throw new MaskError('request_invalid', { field: 'expiresAt' })
  if (ttlSeconds !== undefined) return bounded(now + ttlSeconds * 1000, 'ttlSeconds', limits, now)
  if (expiresAt === undefined) return undefined
  const time = parseTime(expiresAt)
  if (time === undefined) throw new MaskError('request_invalid', { field: 'expiresAt' })
  return bounded(time, 'expiresAt', limits, now)
}

function bounded(time: number, field: string, limits: Config['line'], now: number): number {
  const seconds = (time - now) / 1000
  if (seconds < limits.minTtlSeconds || seconds > limits.maxTtlSeconds) throw new MaskError('expiry_invalid', { field })
  return time
}

/** @throws phones_equal */
export function refuseEqual(courier: E164 | undefined, customer: E164 | undefined): void {
  if (courier !== undefined && courier === customer) throw new MaskError('phones_equal', { field: 'customer.phone' })
}

/** An id of the address, so far as it can be one. @throws delivery_not_found */
export function deliveryId(text: string): string {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(text)) throw new MaskError('delivery_not_found')
  return text
}
