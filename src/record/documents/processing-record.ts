import { classTable } from './retention-table.js'
import type { Facts, Paper, Table } from './types.js'
import { timeText } from './words.js'

/** The record of processing activities (Art. 30(1) GDPR) as far as the software knows it; the rest is to be filled in. */
export function processingRecord(facts: Facts): Paper {
  const { shop, at, classes, records } = facts
  return {
    title: `Record of processing: masked calls of ${shop.name}`,
    language: 'en',
    sections: [
      { heading: 'Controller', paragraphs: [shop.name, 'To be added: address, representative, data protection officer.'] },
      { heading: 'Purpose', paragraphs: ['Courier and customer of a delivery can phone each other without either seeing the other\'s number, as long as the delivery lasts.'] },
      {
        heading: 'People and data',
        table: [
          ['people', 'data'],
          ['couriers, customers', 'phone number, sealed, while the delivery and its quarantine last; pseudonym of a shop and day; role, times and result of calls'],
          ...records ? [['couriers, customers', 'recorded talk, after both were told']] : [],
          ['users of the console and of API keys', 'id of the key, what was done when and why']
        ]
      },
      { heading: 'Recipients', table: recipients(facts) },
      { heading: 'Transfers outside the EU and EEA', paragraphs: [transfers(facts)] },
      { heading: 'Periods', table: classTable(classes) },
      {
        heading: 'Security (Art. 32)',
        paragraphs: [
          'Numbers are sealed (AES-256-GCM) under keys of the shop and day that lie apart from the data and are destroyed when their data is over; people are found again by keyed hashes (HMAC-SHA-256) of an epoch.',
          'Every header and every description of a call is made anew on each side; media passes through addresses of ours. Logs are written from a list of named fields. Roles separate daily work, administration, audit and operation; who read or changed what is in a hash-chained trail.',
          `Media engines in use: ${facts.config.engines.join(', ')}.`
        ]
      },
      { heading: 'Made', paragraphs: [`From the running configuration on ${timeText(at)}.`] }
    ]
  }
}

function recipients({ config }: Facts): Table {
  return [
    ['recipient', 'what for', 'country'],
    ...config.trunks.map(({ id, country }) => [`carrier of trunk ${id}`, 'connects the calls; sees both numbers as any phone company does', country]),
    ...config.processors.map(({ name, purpose, country }) => [name, purpose, country]),
    ...config.traces.endpoint === null ? [] : [['collector of traces', 'finds out where time is lost; sees ids of calls, roles, times and results, no numbers', 'To be added, unless it is your own.']]
  ]
}

/** Whom EU law reaches directly: the Union and, through the EEA Agreement, three more. */
const eea = new Set(['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT', 'LT', 'LU', 'LV', 'MT', 'NL', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK', 'IS', 'LI', 'NO'])

function transfers({ config }: Facts): string {
  const outside = [...config.trunks, ...config.processors].map(({ country }) => country).filter((country) => !eea.has(country))
  const numbers = config.line.allowedCountries.filter((country) => !eea.has(country))
  const named = outside.length === 0 ? 'No recipient outside is configured.' : `Recipients outside: ${[...new Set(outside)].join(', ')}; name the safeguard (Art. 44 to 49).`
  return numbers.length === 0 ? named : `${named} Numbers of these countries may be called: ${numbers.join(', ')}.`
}
