import t from 'tap'
import { buildTelephoneEvent, digitOfEvent, eventOfDigit, parseTelephoneEvent } from '../../../src/media/rtp/telephone-event.js'

t.test('events read back, digits and events name each other', (t) => {
  const event = { event: 11, end: true, volume: 10, duration: 800 }
  t.equal(buildTelephoneEvent(event).toString('hex'), '0b8a0320')
  t.same(parseTelephoneEvent(buildTelephoneEvent(event)), event)
  t.same(parseTelephoneEvent(Buffer.from([1, 0x0a, 0, 160])), { event: 1, end: false, volume: 10, duration: 160 })
  t.equal(parseTelephoneEvent(Buffer.from([1, 2, 3])), undefined)
  for (const digit of '0123456789*#ABCD') t.equal(digitOfEvent(eventOfDigit(digit)!), digit)
  for (const none of ['x', '', '12']) t.equal(eventOfDigit(none), undefined)
  t.equal(digitOfEvent(16), undefined)
  t.end()
})
