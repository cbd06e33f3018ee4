import type { AuditEntry } from '../audit/types.js'
import type { Facts, Paper } from './types.js'
import { timeText } from './words.js'

/** What a notice of a breach (Art. 33 GDPR) needs, for one window of time. */
export interface BreachFacts {
  /** Unix ms; exclusive at the end. */
  readonly from: number
  readonly to: number
  /** Records of calls by UTC day, and how many different pseudonyms stand in them; `readable`: the day's key is alive. */
  readonly days: readonly { readonly day: string, readonly calls: number, readonly pseudonyms: number, readonly readable: boolean }[]
  /** Deliveries whose people can be read now, by anybody who had store, key store and master key. */
  readonly liveMappings: number
  /** Reads, exports and changes of keys within the window, newest first. */
  readonly acts: readonly AuditEntry[]
  readonly chainWhole: boolean
}

export function breachPack({ shop, at }: Facts, breach: BreachFacts): Paper {
  const { from, to, days, liveMappings, acts, chainWhole } = breach
  const sum = (of: (day: BreachFacts['days'][number]) => number): string => String(days.reduce((total, day) => total + of(day), 0))
  return {
    title: `Facts for a notice under Art. 33: ${shop.name}`,
    language: 'en',
    sections: [
      { heading: 'Window', paragraphs: [`${timeText(from)} to ${timeText(to)}; made on ${timeText(at)}.`] },
      {
        heading: 'Records of the window',
        paragraphs: [`${sum(({ calls }) => calls)} calls, ${sum(({ pseudonyms }) => pseudonyms)} pseudonyms (a person counts once a day). A pseudonym cannot be turned into a number without the key of its day and a guess of the number.`],
        table: [['UTC day', 'calls', 'pseudonyms', 'key'], ...days.map(({ day, calls, pseudonyms, readable }) => [day, String(calls), String(pseudonyms), readable ? 'alive' : 'destroyed: unreadable'])]
      },
      { heading: 'Lines', paragraphs: [`${liveMappings} days of deliveries have living keys. Phone numbers in them are sealed (AES-256-GCM); whoever took the store alone cannot read them.`] },
      {
        heading: 'Who read or changed what',
        paragraphs: [chainWhole ? 'The audit trail is whole.' : 'The audit trail is NOT whole: see GET /v1/audit/verify.'],
        table: [['time', 'key', 'act', 'about', 'result'], ...acts.map((act) => [timeText(act.at), act.actor.id, act.action, act.scope ?? '', act.result])]
      },
      { heading: 'To be added', paragraphs: ['What happened and how it was noticed; likely consequences; what was done; contact point. The authority is to be told within 72 hours; people without delay where the risk is high (Art. 34). Enter it into the register of breaches (Art. 33(5)).'] }
    ]
  }
}
