import t from 'tap'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Events } from '../../src/events.js'
import { createStore } from '../../src/store/redis.js'
import { silent } from '../support/log.js'
import { until } from '../support/whole.js'
import { courierNumber, customerNumber, stage } from './stage.js'

const everyFile = (dir: string): string[] => readdirSync(dir).flatMap((name) => statSync(join(dir, name)).isDirectory() ? everyFile(join(dir, name)) : [join(dir, name)])

t.test('G21 a call leaves no recording, digit, message, display name or address; G22 and what came of it is told to the shop', async (t) => {
  const play = await stage(t)
  const missed: Events['call.missed'][] = []
  play.app.events.on('call.missed', (event) => missed.push(event))
  const line = await play.line()

  const inVain = play.courier.call(line.number, { via: play.via, displayName: 'Kanaar Kuller' })
  ;(await play.customer.nextCall()).reject(486)
  await inVain.ended()
  const call = play.courier.call(line.number, { via: play.via, displayName: 'Kanaar Kuller' })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  for (const digit of '7391') await call.pressByInfo(digit)
  await ringing.ask('MESSAGE', [['Content-Type', 'text/plain']], 'Kanaar sõnum')
  const live = await until(async () => {
    const { calls } = (await play.api('GET', '/v1/stats/now')).body as { calls: { talking: number } }
    return calls.talking === 1 ? calls : undefined
  }, 'the talk in the figures')
  t.same(live, { live: 1, ringing: 0, talking: 1 })
  await call.hangUp()
  await play.endedCalls(line.id, 2)

  const { summary } = (await play.api('GET', `/v1/deliveries/${line.id}/calls`)).body
  t.match(summary, { reached: true, attempts: 2, reachedOnAttempt: 2, firstReachedAfterSeconds: Number, missedBy: { courier: 0, customer: 1 } })
  t.match(missed, [{ deliveryId: line.id, caller: 'courier', missedBy: 'customer', reason: 'busy', attempt: 1 }])
  t.equal(missed.length, 1)
  t.match((await play.api('GET', '/v1/stats/now')).body, { calls: { live: 0 }, today: { suppressed: true } }, 'two calls are too few to be told')
  const metrics = await play.metrics()
  t.match(metrics, 'maskline_call_outcomes_total{outcome="reached"} 1')
  t.match(metrics, 'maskline_calls_missed_total{party="customer",outcome="busy"} 1')
  t.match(metrics, 'maskline_reached_on_attempt_bucket{le="2"} 1')
  t.notMatch(metrics, /demo-[a-z]{20}|4670174/)

  const store = createStore({ url: play.embedded.redisUrl, commandTimeoutMs: 5000, log: silent })
  await store.ready(5000)
  t.teardown(() => store.close())
  const allowed = ['a', 'by', 'c', 'd', 'e', 'ref', 'res', 's', 't', 'to', 'u', 'why']
  for await (const names of store.scan('rec:*')) {
    for (const name of names) for (const row of (await store.hgetall(name)).values()) t.same(Object.keys(JSON.parse(row.toString()) as object).filter((field) => !allowed.includes(field)), [], 'a row has no other fields')
  }
  const dir = play.config.dataDir
  t.notOk(existsSync(join(dir, 'recordings')) && everyFile(join(dir, 'recordings')).length > 0, 'no recording')
  for (const file of everyFile(dir).filter((path) => !path.endsWith('.key'))) {
    const bytes = readFileSync(file)
    for (const word of ['Kanaar', '7391#', '127.0.0.1', courierNumber.slice(1), customerNumber.slice(1)]) t.notOk(bytes.includes(word), `${word} in ${file.slice(dir.length)}`)
  }
})
