import t from 'tap'
import { setImmediate } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import { CallSession } from '../../src/call/session.js'
import { EmbeddedSession } from '../../src/media/embedded/session.js'
import { DrachtioInbound } from '../../src/sip/inbound.js'
import { DrachtioLeg } from '../../src/sip/leg.js'
import { freshLine, stage, talking } from './stage.js'

const play = await stage(t)

/** Whatever can happen to a call, and what is over then. */
const calls: Readonly<Record<string, () => Promise<void>>> = {
  'a talk': async () => {
    const [call, ringing] = await talking(play, await freshLine(play))
    await call.hangUp()
    await ringing.ended()
  },
  'busy': async () => {
    const call = play.courier.call((await freshLine(play)).number, { via: play.via })
    ;(await play.customer.nextCall()).reject(486)
    await call.refused()
  },
  'given up': async () => {
    const call = play.customer.call((await freshLine(play)).number, { via: play.via })
    const ringing = await play.courier.nextCall()
    await ringing.ring()
    await call.ringing()
    await call.hangUp()
    await ringing.ended()
  },
  'not your number': async () => {
    const call = play.stranger.call((await freshLine(play)).number, { via: play.via })
    await call.ringing()
    await call.hangUp()
    await call.ended()
  },
  'a callback': async () => {
    const { id } = await freshLine(play)
    await play.api('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })
    const first = await play.courier.nextCall()
    await first.answer()
    await first.hangUp()
  }
}
const times = 3

t.test('nothing of a call that is over stays in memory', async (t) => {
  for (let time = 0; time < times; time++) for (const call of Object.values(calls)) await call()
  await play.idle()
  // What a promise has just let go of is garbage in the next turn only.
  await setImmediate()
  for (const kind of [CallSession, EmbeddedSession, DrachtioInbound, DrachtioLeg]) {
    const count = queryObjects(kind, { format: 'count' })
    // Something of the last call may still be at hand.
    t.ok(count < times, `${kind.name}: ${count}`)
  }
})
