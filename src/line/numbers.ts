import type { PoolConfig } from '../config.js'
import { MaskError } from '../errors.js'
import { countryOf } from '../phone/e164.js'
import type { Country, E164 } from '../phone/types.js'
import type { NumberLoad } from './types.js'

/** A configured range may not be longer; it would rather be a slip of the finger. */
const longestRange = 100_000

/** Which proxy numbers there are, and in which pool; kept in memory because every call asks. */
export interface NumberPlan {
  /** Whether a number is ours: in service or draining. */
  has(number: string): boolean
  /** The pool of a number; any pool for a number that is not ours, so that looking further costs the same. */
  poolOf(number: string): string
  hasPool(pool: string): boolean
  /** Whether a pool's numbers are of more than one country. */
  hasSeveralCountries(pool: string): boolean
  /** The numbers that the configuration names. */
  configured(pool: string): readonly E164[]
  /** Takes over what the store knows of a pool. */
  update(pool: string, numbers: readonly NumberLoad[], version: number): void
  /** Of the last update; 0 before. */
  versionOf(pool: string): number
}

/** @throws MaskError config_invalid when pools overlap or a range is no range */
export function createNumberPlan(pools: readonly PoolConfig[]): NumberPlan {
  const configured = readPools(pools)
  const poolOf = new Map<string, string>()
  for (const [pool, numbers] of configured) for (const number of numbers) poolOf.set(number, pool)
  const countries = new Map([...configured].map(([pool, numbers]) => [pool, new Set(numbers.map(countryOf))]))
  const versions = new Map<string, number>()
  const anyPool = pools[0]?.id ?? ''
  return {
    has: (number) => poolOf.has(number),
    poolOf: (number) => poolOf.get(number) ?? anyPool,
    hasPool: (pool) => configured.has(pool),
    hasSeveralCountries: (pool) => (countries.get(pool)?.size ?? 0) > 1,
    configured: (pool) => configured.get(pool) ?? [],
    update(pool, numbers, version) {
      for (const { number, state } of numbers) {
        if (state !== 'retired') poolOf.set(number, pool)
        else if (poolOf.get(number) === pool) poolOf.delete(number)
      }
      countries.set(pool, new Set(numbers.flatMap(({ country, state }) => state === 'in_service' ? country : [])))
      versions.set(pool, version)
    },
    versionOf: (pool) => versions.get(pool) ?? 0
  }
}

function readPools(pools: readonly PoolConfig[]): Map<string, E164[]> {
  const seen = new Set<string>()
  return new Map(pools.map(({ id, numbers }) => {
    const own = numbers.flatMap(expandRange)
    for (const number of own) {
      if (seen.has(number)) throw new MaskError('config_invalid', { cause: `The pool ${id} names a number that is in a pool already.` })
      seen.add(number)
    }
    return [id, own]
  }))
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

/** Digits and country of each number in turn, as numbers.lua takes them. */
export function withCountries(numbers: readonly E164[]): (string | Country)[] {
  return numbers.flatMap((number) => [toDigits(number), countryOf(number)])
}

/** How a proxy number stands in the store: without the plus it packs as an integer. */
export function toDigits(number: string): string {
  return number.replace(/^\+/, '')
}

export function fromDigits(digits: string): E164 {
  return `+${digits}` as E164
}
