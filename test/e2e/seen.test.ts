import t from 'tap'
import { run } from '../../src/cli/run.js'
import { realFreeswitch } from '../support/freeswitch.js'
import { courierNumber, customerNumber, freshLine, stage, talking } from './stage.js'

/** What an operator sees of single calls: the ladder of one, and its lines in the log. */
const play = await stage(t, (config) => {
  // Phones and the application share a machine.
  config.redis.commandTimeoutMs = 5000
  config.limits.callsPerDeliveryHour = 1000
  config.call.ringTimeoutSeconds = 5
})
const env = { MASKLINE_URL: `http://127.0.0.1:${play.app.httpPort}`, MASKLINE_API_KEY: play.app.apiKey, LANG: 'C' }
const trace = async (id: string): Promise<string> => (await run(['trace', id], env)).text
interface Line { msg: string, callId?: string }
const lines = (): Line[] => play.logged().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line)

t.test('a talk, drawn', async (t) => {
  const line = await freshLine(play)
  const [call] = await talking(play, line)
  const { calls } = (await play.api('GET', `/v1/deliveries/${line.id}/calls`)).body as { calls: { id: string }[] }
  await call.hangUp()
  await play.endedCalls(line.id, 1)
  const text = await trace(calls[0]!.id)
  t.comment(text)
  const order = ['INVITE', 'look-up: connect', 'gate: allow', `media by ${realFreeswitch === undefined ? 'embedded' : 'freeswitch'}`, 'INVITE, gateway 1', '180 Ringing', 'plays to A: ringback', '200 OK', 'ACK', 'state talking', 'BYE', 'end: caller_hung_up']
  let at = 0
  for (const words of order) {
    const next = text.indexOf(words, at)
    t.ok(next >= at, `${words} stands in its place`)
    at = Math.max(at, next)
  }
  t.match(text, /200 OK -+\|[^]*ACK[^]*200 OK/, 'both legs')
  t.notMatch(text, /\+?\d{6,}|order-|sip:/, 'nobody\'s number, no reference, no address')
  const { data } = await run(['trace', calls[0]!.id, '--json'], env)
  const bytes = Buffer.byteLength(JSON.stringify(data))
  t.comment(`${bytes} bytes as JSON`)
})

t.test('a call that nobody took, five minutes ago or just now', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  await call.refused(10_000)
  const [record] = await play.endedCalls(line.id, 1)
  t.match(await trace(record!.id), /ended: client_error, no_answer[^]*CANCEL[^]*480 Unavailable[^]*end: no_answer/)
})

t.test('there is no such call', async (t) => {
  const fault = (id: string): Promise<unknown> => trace(id).catch((error: unknown) => error)
  t.match(await fault('bcdfghjkmnpqrstvwxyz'), { code: 'call_not_found', exit: 1 })
  t.match(await fault(courierNumber), { exit: 2 }, 'no number gets into an address')
})

t.test('every line of a call in the log bears its id, which is that of the record', async (t) => {
  const before = lines().length
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const refused = await play.customer.nextCall()
  refused.reject(503)
  await call.refused()
  const [record] = await play.endedCalls(line.id, 1)
  await play.idle()
  // Lines about a process, a shop or a request are of no single call.
  const ofCalls = lines().slice(before).filter(({ msg }) => /^(call|trunk|media|record|recording|line|webhook)\./.test(msg))
  t.same([...new Set(ofCalls.map(({ msg }) => msg))].sort(), ['call.ended', 'trunk.gateway_failed'])
  for (const one of ofCalls) t.equal(one.callId, record!.id, one.msg)
  t.notMatch(play.logged(), new RegExp([courierNumber, customerNumber].map((number) => number.slice(1)).join('|')))
})
