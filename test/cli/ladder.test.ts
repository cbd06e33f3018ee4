import t from 'tap'
import fc from 'fast-check'
import { drawLadder, type LadderColumn, type Look, type Rung } from '../../src/cli/ladder.js'

const columns: LadderColumn[] = [{ title: 'Courier', subtitle: '+46701740605' }, { title: 'Maskline', subtitle: '+442079460000' }, { title: 'Customer', subtitle: '+46701740606' }]
const plain: Look = { colours: false, unicode: false }
const rungs: Rung[] = [
  { kind: 'arrow', at: 30, from: 1, to: 0, label: '180 Ringing', style: 'waiting' },
  { kind: 'arrow', at: 0, from: 0, to: 1, label: 'INVITE', style: 'request' },
  { kind: 'arrow', at: 10, from: 1, to: 2, label: 'INVITE', style: 'request' },
  { kind: 'note', at: 900, column: 0, text: 'hears 660 Hz' },
  { kind: 'note', at: 901, column: 2, text: 'hears 440 Hz' }
]

t.test('messages and notes stand in the order of time, each where it belongs', (t) => {
  t.same(drawLadder(columns, rungs, plain, 70), [
    '                 Courier            Maskline            Customer',
    '              +46701740605        +442079460000       +46701740606',
    '                    |                   |                   |',
    '   0.00 s           |-- INVITE -------->|                   |',
    '   0.01 s           |                   |-- INVITE -------->|',
    '   0.03 s           |<--- 180 Ringing --|                   |',
    '                    |                   |                   |',
    '   0.90 s           * hears 660 Hz      |                   |',
    '   0.90 s           |                   |      hears 440 Hz *',
    '                    |                   |                   |'
  ])
  t.end()
})

t.test('colours change nothing but colour, and only where they are wanted', (t) => {
  const fine = drawLadder(columns, rungs, { colours: false, unicode: true })
  const colourful = drawLadder(columns, rungs, { colours: true, unicode: true })
  t.notMatch(fine.join(''), /\u001b/)
  t.match(colourful.join(''), /\u001b\[36m/)
  t.same(colourful.map((line) => line.replace(/\u001b\[\d+m/g, '').trimEnd()), fine)
  t.match(fine.join(''), /▶/)
  t.end()
})

t.test('no line is wider than the page, whatever is written', (t) => {
  const label = fc.string({ maxLength: 80, size: 'max', unit: 'grapheme-ascii' })
  const column = fc.nat(2)
  const rung: fc.Arbitrary<Rung> = fc.oneof(
    fc.record({ kind: fc.constant('arrow' as const), at: fc.nat(60000), from: column, to: column, label, style: fc.constant('good' as const) }).filter(({ from, to }) => from !== to),
    fc.record({ kind: fc.constant('note' as const), at: fc.nat(60000), column, text: label })
  )
  fc.assert(fc.property(fc.array(rung, { maxLength: 8 }), fc.integer({ min: 60, max: 100 }), (many, width) => drawLadder(columns, many, plain, width).every((line) => line.length <= width)))
  t.end()
})
