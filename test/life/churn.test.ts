import t from 'tap'
import { churn } from '../../bench/life/churn.js'
import { scripts } from '../../bench/life/scripts.js'
import { realFreeswitch } from '../support/freeswitch.js'
import { noRtpengine } from '../support/rtpengine.js'

/** Their timers alone last longer than all of this; `npm run churn` plays them, too. */
const slow = ['no ACK', 'wrong code', 'no answer']
const seed = Number(process.env.MASKLINE_LIFE_SEED ?? Date.now() % 1_000_000)
// With rtpengine the embedded engine carries what needs a voice, so both have their share of these calls.
const relay = noRtpengine === undefined ? 'rtpengine' : 'embedded'
const engines = [{ engine: relay, skip: false }, { engine: 'freeswitch', skip: realFreeswitch === undefined && 'no FreeSWITCH (set MASKLINE_FREESWITCH_URL)' }] as const

for (const { engine, skip } of engines) {
  t.test(`nothing is left of calls that end at random moments, media by ${engine}`, { skip, timeout: 110_000 }, async (t) => {
    t.comment(`MASKLINE_LIFE_SEED=${seed}`)
    const { invariants, left, summary, records } = await churn({ calls: 100, rate: 15, seed, engine, sources: true, idleWithinMs: 50_000, scripts: scripts.filter(({ name }) => !slow.includes(name)) })
    t.same(invariants.violations, [], 'nothing was broken')
    t.same(Object.entries(left).filter(([, count]) => count !== 0), [], 'nothing is in use')
    t.ok(records.count > 40, `${String(summary.calls)} calls, ${String(summary.talks)} talks, ${records.count} records`)
  })
}
