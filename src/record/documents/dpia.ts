import type { Facts, Paper } from './types.js'
import { periodText, timeText } from './words.js'

/** What a data protection impact assessment (Art. 35 GDPR) needs to know of this system; the judgement stays with people. */
export function dpia({ shop, at, classes, records, config }: Facts): Paper {
  const period = (name: string): string => periodText(classes.find((one) => one.name === name)?.periodSeconds ?? null, 'en')
  return {
    title: `Input for the impact assessment: masked calls of ${shop.name}`,
    language: 'en',
    sections: [
      { heading: 'Why one is likely needed', paragraphs: ['Who called whom and when about a delivery is communications metadata of couriers, who work under it every day, and of customers at their homes.'] },
      {
        heading: 'The processing',
        paragraphs: [
          `A shop's system asks for a line between two phones. It lives ${period('mapping')} at most; the number then rests ${period('quarantine')} for the same two people. Call records live ${period('record')}.`,
          records ? `Talks are recorded, after both were told, and kept ${period('recording')}.` : 'Talks are not recorded.',
          `Numbers of these countries: ${config.line.allowedCountries.join(', ')}. Engines: ${config.engines.join(', ')}.`
        ]
      },
      {
        heading: 'Risks and what stands against them',
        table: [
          ['risk', 'control', 'left'],
          ['one side learns the other\'s number, name or address', 'nothing is copied between the two sides of a call; searched for by a test with a secret in every field', 'what people tell each other; what a carrier adds behind us'],
          ['a call reaches the wrong person', 'number and caller together choose the delivery; a number rests for the same two people after it', 'a carrier that lets callers forge their number'],
          ['somebody reads the store or a backup', 'sealed under keys that lie apart and are destroyed with their period', 'whoever holds store, key store and master key at once, while keys live'],
          ['couriers are watched', 'pseudonyms change every day and shop; statistics only from ten on; every read is in the audit trail', 'a shop that matches times with its own shift plans'],
          ['data is kept longer than needed', 'deletion runs with signed reports; alarm when they fail', 'copies outside: carrier, proxies\' logs, backups'],
          ['toll fraud', 'only a party of a live delivery is ever called; countries, kinds of numbers and rates are limited', 'calls within the limits']
        ]
      },
      { heading: 'To be answered by the controller', paragraphs: ['Necessity and proportion for this shop; consultation of couriers or their representatives; who may listen and export; how carriers and hosts are bound (Art. 28); whether a licence or retention duty of telecommunications law applies.'] },
      { heading: 'Made', paragraphs: [`From the running configuration on ${timeText(at)}.`] }
    ]
  }
}
