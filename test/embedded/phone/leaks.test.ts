import t from 'tap'
import { findNumber } from '../../../src/embedded/phone/index.js'

const number = '+46701740605'

t.test('a number is found in every dress', (t) => {
  for (const text of ['sip:+46701740605@x', 'tel:46701740605', '0701740605', '%2B46701740605', '070-174 06 05', '(0)70 174.06.05', 'phone-context=+46;701740605']) {
    t.equal(findNumber(Buffer.from(text), number).length, 1, text)
  }
  t.same(findNumber(Buffer.from('ab701740605 and 701740605'), number), [2, 16])
  t.end()
})

t.test('other numbers are not it', (t) => {
  t.same(findNumber(Buffer.from('sip:+46701740606@x 70174060x5 +442079460000'), number), [])
  t.same(findNumber(Buffer.alloc(0), number), [])
  t.end()
})
