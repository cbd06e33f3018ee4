import type { Facts, Paper, Table } from './types.js'
import { basisText, periodText, timeText } from './words.js'

/** Every class of data as it holds at a moment. */
export function retentionTable({ shop, at, classes }: Facts): Paper {
  return {
    title: `What is kept, and how long: ${shop.name}`,
    language: 'en',
    sections: [{ heading: `As of ${timeText(at)}`, table: classTable(classes) }]
  }
}

export function classTable(classes: Facts['classes']): Table {
  return [
    ['class', 'purpose', 'legal basis', 'period', 'runs from', 'at most', 'where', 'how it goes', 'owner', 'last review'],
    ...classes.map((one) => [
      one.name, one.purpose, basisText(one), periodText(one.periodSeconds, 'en'), one.startEvent, periodText(one.maximumSeconds, 'en'),
      one.place, one.method, one.owner, one.reviewedAt === undefined ? 'never; the default holds' : timeText(one.reviewedAt)
    ])
  ]
}
