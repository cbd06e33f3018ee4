/** Dates and times as people write them, with digits that belong to no phone. */
const dates = /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b|\b\d{1,2}:\d{2}(?::\d{2})?\b/g
/** Seven digits or more with at most two separators between each two: what somebody could dial. */
const dialable = /\d(?:[\s().,\-/_]{0,2}\d){6,}/

/**
 * Whether a free text holds what could be a phone number, in any spelling with digits: apart, in other scripts,
 * national or international. Rather one case number too many refused than one phone kept.
 */
export function mentionsPhone(text: string): boolean {
  // Which digit it is does not matter; compatibility forms, digits of other scripts and invisible characters do.
  const plain = text.normalize('NFKC').replace(/\p{Cf}/gu, '').replace(/\p{Nd}/gu, '0')
  return dialable.test(plain.replace(dates, ' ;; '))
}
