import t from 'tap'
import { lookOf } from '../../src/cli/ladder.js'
import { createReport } from '../../src/demo/report.js'

t.test('promises are counted, broken ones stand out', (t) => {
  let text = ''
  const report = createReport((part) => { text += part }, { colours: false, unicode: true })
  report.title('Title')
  report.check('a thing holds', true)
  report.check('another does not', false)
  report.say('done')
  t.equal(text, '\nTitle\n\n  ✓ a thing holds\n  ✗ another does not\ndone\n')
  t.same([report.kept, report.broken], [1, 1])
  t.end()
})

t.test('colours only on a terminal that has not asked for none, and ASCII where nothing else is shown', (t) => {
  t.same(lookOf({ isTTY: true }, {}), { colours: true, unicode: true })
  t.same(lookOf({ isTTY: true }, { NO_COLOR: '1', LANG: 'en_GB.UTF-8' }), { colours: false, unicode: true })
  t.same(lookOf({}, { LC_ALL: '', LANG: 'C' }), { colours: false, unicode: false }, 'an empty variable counts as none')
  t.same(lookOf({}, { LC_ALL: '', LANG: 'en_GB.utf8' }).unicode, true)
  t.same(lookOf({}, { LC_ALL: 'C' }), { colours: false, unicode: false })
  t.end()
})
