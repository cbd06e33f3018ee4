import { MaskError } from '../../errors.js'
import type { AuditInput } from './types.js'

const longestScope = 200
const longestReason = 300
/** A run of so many digits may be somebody's phone number, however it is spaced. */
const phoneDigits = 7

/** Days and times of day, which are digits too; what is left of a run is looked at. */
const dates = /(?<![\d+])(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z?)?|\d{1,2}\.\d{1,2}\.\d{4})(?![\d])/g
/** What people put between the digits of a number. */
const between = '[\\p{Zs}\\t\\n().\\-\\u2010-\\u2015/,;:_·*~\'"|+]'
/** A number of a claim or a file, such as 2026-114, that stands alone: the one thing of seven digits that reasons often have. */
const fileNumber = new RegExp(`(?<![+\\p{Nd}]${between}{0,3})20\\d\\d[-/]\\d{1,3}(?!${between}{0,3}\\p{Nd})`, 'gu')
const phoneLike = new RegExp(`\\p{Nd}(?:${between}*\\p{Nd}){${phoneDigits - 1},}`, 'u')

/**
 * Whether a text may hold a phone number: seven digits or more, whatever separates them, in any script. Dates
 * and file numbers do not count. Stricter than a parser of phone numbers, which looks past a number in an odd spelling.
 */
export function mayHoldPhone(text: string): boolean {
  // NFKC makes ordinary digits of full-width and superscript ones; format characters are invisible separators.
  const plain = text.normalize('NFKC').replace(/\p{Cf}/gu, '')
  return phoneLike.test(plain.replace(fileNumber, 'x').replace(dates, (date) => looksLikeDate(date) ? 'x' : date))
}

function looksLikeDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? []
  if (year !== '') return year.startsWith('20') && Number(month) <= 12 && Number(day) <= 31
  const [d = '', m = '', y = ''] = text.split('.')
  return y.startsWith('20') && Number(m) <= 12 && Number(d) <= 31
}

/**
 * A reason in a person's words: 1 to 300 characters that are not all spaces, without a phone number.
 * @throws MaskError request_invalid
 */
export function checkReason(reason: string, field = 'reason'): string {
  const trimmed = reason.trim()
  if (trimmed === '' || trimmed.length > longestReason || /\p{Cc}/u.test(trimmed) || mayHoldPhone(trimmed)) throw new MaskError('request_invalid', { field })
  return trimmed
}

/** What an entry must keep to, whoever writes it. @throws MaskError request_invalid */
export function checkInput({ shopId, action, scope, reason, actor }: AuditInput): void {
  if (!/^[a-z0-9]{1,16}$/.test(shopId)) throw new MaskError('request_invalid', { field: 'shopId' })
  if (!/^[a-z]+\.[a-z]+$/.test(action)) throw new MaskError('request_invalid', { field: 'action' })
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(actor.id)) throw new MaskError('request_invalid', { field: 'actor' })
  if (scope !== undefined && (scope.length > longestScope || /\d{15}/.test(scope))) throw new MaskError('request_invalid', { field: 'scope' })
  if (reason !== undefined) checkReason(reason)
}
