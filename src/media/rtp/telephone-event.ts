/** A digit under way (RFC 4733 §2.3). */
export interface TelephoneEvent {
  /** 0-9 digits, 10 star, 11 pound, 12-15 A-D. */
  readonly event: number
  readonly end: boolean
  /** -dBm0, 0 (loud) to 63. */
  readonly volume: number
  /** In units of the clock, from the timestamp of the packet. */
  readonly duration: number
}

const digits = '0123456789*#ABCD'

/** @returns undefined for a payload that is too short */
export function parseTelephoneEvent(payload: Buffer): TelephoneEvent | undefined {
  if (payload.length < 4) return undefined
  return { event: payload[0]!, end: (payload[1]! & 0x80) !== 0, volume: payload[1]! & 0x3f, duration: payload.readUInt16BE(2) }
}

export function buildTelephoneEvent({ event, end, volume, duration }: TelephoneEvent): Buffer {
  const payload = Buffer.from([event, (end ? 0x80 : 0) | (volume & 0x3f), 0, 0])
  payload.writeUInt16BE(duration, 2)
  return payload
}

/** `#` → 11; undefined for what is no digit. */
export function eventOfDigit(digit: string): number | undefined {
  const event = digit.length === 1 ? digits.indexOf(digit.toUpperCase()) : -1
  return event < 0 ? undefined : event
}

/** 11 → `#`; undefined for events that are no digits, such as a flash. */
export function digitOfEvent(event: number): string | undefined {
  return digits[event]
}
