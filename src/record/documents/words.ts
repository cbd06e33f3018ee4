import type { RetentionClass } from '../retention/types.js'
import type { DocumentLanguage } from './types.js'

const units: Readonly<Record<DocumentLanguage, readonly [days: string, hours: string, minutes: string, none: string]>> = {
  en: ['days', 'hours', 'minutes', 'not kept'],
  et: ['päeva', 'tundi', 'minutit', 'ei säilitata'],
  ru: ['дн.', 'ч', 'мин', 'не хранится']
}

/** A period as people read it, in the largest unit that divides it. @param seconds null: nothing is kept */
export function periodText(seconds: number | null, language: DocumentLanguage): string {
  const [days, hours, minutes, none] = units[language]
  if (seconds === null) return none
  if (seconds % 86_400 === 0) return `${seconds / 86_400} ${days}`
  return seconds % 3600 === 0 ? `${seconds / 3600} ${hours}` : `${Math.ceil(seconds / 60)} ${minutes}`
}

const bases: Readonly<Record<RetentionClass['legalBasis'], string>> = {
  contract: 'Art. 6(1)(b) GDPR: the delivery',
  legitimate_interest: 'Art. 6(1)(f) GDPR: legitimate interest',
  legal_obligation: 'Art. 6(1)(c) GDPR: legal obligation',
  consent: 'Art. 6(1)(a) GDPR: consent'
}

export function basisText({ legalBasis, basis }: RetentionClass): string {
  return basis === undefined ? bases[legalBasis] : `${bases[legalBasis]} (${basis})`
}

/** `2026-11-21 12:00 UTC` */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
