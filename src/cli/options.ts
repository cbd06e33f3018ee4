import type { Options } from './command.js'
import { misused } from './fault.js'

/** @returns the option's text, or undefined when it was not given */
export function textOf(options: Options, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** @throws Fault when it is no whole number within the bounds */
export function wholeOf(options: Options, name: string, minimum: number, maximum: number): number | undefined {
  const text = textOf(options, name)
  if (text === undefined) return undefined
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (!(value >= minimum && value <= maximum)) throw misused(`--${name} must be a whole number from ${minimum} to ${maximum}.`)
  return value
}
