import { exact, sumOf, textOf, toldOf } from './counts.js'
import type { BreachFacts, Facts, Paper } from './types.js'
import { timeText } from './words.js'

/**
 * A notice names "where possible" the approximate number of people and records (Art. 33(3)(a)): a range is one.
 * @param seesCalls whether the reader may see the calls themselves, and so may know how many there were
 */
export function breachPack({ shop, at }: Facts, breach: BreachFacts, seesCalls: boolean): Paper {
  const { from, to, liveMappings, acts, chainWhole } = breach
  const days = breach.days.map((day) => ({ ...day, told: (seesCalls ? exact : toldOf)({ calls: day.calls, people: day.pseudonyms }) }))
  const sum = (of: 'calls' | 'people'): string => textOf(sumOf(days.map(({ told }) => told[of])))
  return {
    title: `Facts for a notice under Art. 33: ${shop.name}`,
    language: 'en',
    sections: [
      { heading: 'Window', paragraphs: [`${timeText(from)} to ${timeText(to)}; made on ${timeText(at)}.`] },
      {
        heading: 'Records of the window',
        paragraphs: [
          `${sum('calls')} calls, ${sum('people')} pseudonyms (a person counts once a day). A pseudonym cannot be turned into a number without the key of its day and a guess of the number.`,
          ...seesCalls ? [] : ['Counts below ten are told as a range; a key with the role `admin` gets this paper with exact ones.']
        ],
        table: [['UTC day', 'calls', 'pseudonyms', 'key'], ...days.map(({ day, told, readable }) => [day, textOf(told.calls), textOf(told.people), readable ? 'alive' : 'destroyed: unreadable'])]
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
