import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { freshLine, stage } from './stage.js'

t.test('an rtpengine that says nothing costs a call some time and no more', async (t) => {
  const silent = createSocket('udp4')
  silent.bind(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const play = await stage(t, (config) => { config.rtpengine.url = `udp://127.0.0.1:${silent.address().port}` })
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  call.say(440)
  ringing.say(660)
  t.ok(await ringing.hears(440))
  t.ok(await call.hears(660), 'the other engine carries the talk')
  await call.hangUp()
  await ringing.ended()
  t.match((await play.endedCalls(line.id, 1))[0], { result: 'success' })
  t.match(play.logged(), 'media.relay_replaced')
  await play.idle()
})
