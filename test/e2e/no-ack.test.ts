import t from 'tap'
import { stage } from './stage.js'

// RFC 3261 §13.3.1.4: a 2xx without ACK is repeated for 64·T1, 32 seconds, then the dialog ends with BYE.
t.test('a caller who never acknowledges does not keep the callee on the line', async (t) => {
  const play = await stage(t)
  const line = await play.line()
  const call = play.courier.call(line.number, { via: play.via, ack: 'never' })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  t.match(await ringing.ended(45_000), { by: 'them' })
  t.match(await call.ended(5000), { by: 'them' })
  t.match((await play.endedCalls(line.id, 1))[0], { result: 'upstream_error', reason: 'ack_missing' })
  await play.idle()
})
