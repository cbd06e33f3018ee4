import type { PoolConfig } from '../config.js'
import { MaskError } from '../errors.js'
import { countryOf } from '../phone/e164.js'
import type { Country, E164 } from '../phone/types.js'

/** A configured range may not be longer; it would rather be a slip of the finger. */
const longestRange = 100_000

/** Which proxy numbers there are, and in which pool; kept in memory because every call asks. */
export interface NumberPlan {
  has(number: string): boolean
  /** The pool of a number; any pool for a number that is not ours, so that looking further costs the same. */
  poolOf(number: string): string
  countryOf(number: string): Country
  /** Digits and country of every number, in turn; undefined when there is no such pool. */
  registration(pool: string): string[] | undefined
}

export function createNumberPlan(pools: readonly PoolConfig[]): NumberPlan {
  const numbers = new Map<string, { pool: string, country: Country }>()
  const registrations = new Map<string, string[]>()
  for (const { id, numbers: ranges } of pools) {
    const own = ranges.flatMap(expandRange)
    for (const number of own) {
      if (numbers.has(number)) throw new MaskError('config_invalid', { cause: `The pool ${id} names a number that is in a pool already.` })
      numbers.set(number, { pool: id, country: countryOf(number) })
    }
    registrations.set(id, own.flatMap((number) => [toDigits(number), countryOf(number)]))
  }
  const anyPool = pools[0]?.id ?? ''
  return {
    has: (number) => numbers.has(number),
    poolOf: (number) => numbers.get(number)?.pool ?? anyPool,
    countryOf: (number) => numbers.get(number)?.country ?? countryOf(number as E164),
    registration: (pool) => registrations.get(pool)
  }
}

/** `+442079460000-+442079460019` or a single number → every number of it. @throws config_invalid */
export function expandRange(range: string): E164[] {
  const [from = '', to = from] = range.split('-')
  const count = Number(to) - Number(from) + 1
  if (from.length !== to.length || !(count >= 1 && count <= longestRange)) {
    throw new MaskError('config_invalid', { cause: 'A range of numbers in pools must go upwards, have as many digits at both ends, and be no longer than 100000.' })
  }
  return Array.from({ length: count }, (_, at) => `+${Number(from) + at}` as E164)
}

/** How a proxy number stands in the store: without the plus it packs as an integer. */
export function toDigits(number: string): string {
  return number.replace(/^\+/, '')
}

export function fromDigits(digits: string): E164 {
  return `+${digits}` as E164
}
