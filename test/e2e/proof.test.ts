import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readWav } from '../../src/media/rtp/wav.js'
import { until } from '../support/whole.js'
import { courierNumber, customerNumber, freshLine, stage } from './stage.js'

const play = await stage(t, (config) => { config.redis.commandTimeoutMs = 5000 })
const sound = (name: string): Int16Array => readWav(readFileSync(new URL(`../../sounds/en/${name}.wav`, import.meta.url)))
const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'].map((name) => sound(`digit-${name}`))
const [ask, again] = [sound('proof-ask'), sound('proof-again')]
const frame = 160

/** What became of a proof's call, once that is noted. */
const ended = (id: unknown): Promise<Record<string, unknown>> => until(async () => {
  const { body } = await play.api('GET', `/v1/persons/proofs/${String(id)}`)
  return body.state === 'ringing' ? undefined : body
}, 'the end of the call')

/** The digits that were spoken, by comparing what was heard with every recording, wherever a frame begins. */
function spoken(heard: Int16Array): string {
  let text = ''
  for (let at = 0; at < heard.length; at += frame) {
    const digit = digits.findIndex((recording) => alike(heard, at, recording))
    if (digit >= 0) text += String(digit)
  }
  return text
}

function alike(heard: Int16Array, at: number, recording: Int16Array): boolean {
  if (at + recording.length > heard.length) return false
  let [both, a, b] = [0, 0, 0]
  for (let i = 0; i < recording.length; i++) {
    both += heard[at + i]! * recording[i]!
    a += heard[at + i]! ** 2
    b += recording[i]! ** 2
  }
  return both > 0.95 * Math.sqrt(a * b) && a > 0
}

t.test('a phone is rung, shows the shop\'s number, and hears a code that opens what is stored about it', async (t) => {
  const { id: delivery, number } = await freshLine(play)
  const { status, body } = await play.api('POST', '/v1/persons/proofs', { phone: courierNumber })
  t.equal(status, 202)
  const call = await play.courier.nextCall()
  t.match(call.shown, /^\+4420794600/, 'a number of ours')
  t.notOk(play.courier.seen.includes(customerNumber.slice(1)))
  await call.ring()
  await call.answer()
  t.ok(await call.until(() => call.likeness(ask) > 0.8 ? true : undefined, 10_000), 'is asked whether it is them')
  t.equal(spoken(call.audio!.ear.heard()), '', 'hears no digit before')
  call.press('1')
  t.ok(await call.until(() => call.likeness(again) > 0.8 ? true : undefined, 20_000), 'it is said twice; once is enough')
  await call.hangUp()
  const code = spoken(call.audio!.ear.heard())
  t.match(code, /^\d{6}$/)
  const proof = { kind: 'call', id: body.id, code }
  const answer = await play.api('POST', '/v1/persons/access', { phone: courierNumber, proof, reason: 'the person wrote a letter' })
  t.equal(answer.status, 200, answer.text)
  t.match(answer.body, { state: 'done', proof: 'call', result: { access: { deliveries: [{ role: 'courier', number, state: 'live' }] } } })
  t.match((await play.api('POST', '/v1/persons/access', { phone: courierNumber, proof, reason: 'once more' })).body, { code: 'proof_invalid' })
  t.match((await play.api('GET', `/v1/deliveries/${delivery}/calls`)).body, { calls: [] }, 'such a call is no call of a delivery')
  await play.idle()
  t.notOk(play.logged().includes(code), 'the code is in no log line')
  for (const file of readdirSync(play.redisDir, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) t.notOk(readFileSync(join(file.parentPath, file.name)).includes(code), `nor in ${file.name}`)
  }
})

t.test('who does not press 1 hears no code', async (t) => {
  await play.idle()
  const { body } = await play.api('POST', '/v1/persons/proofs', { phone: customerNumber })
  const call = await play.customer.nextCall()
  await call.answer()
  for (let asked = 1; asked <= 2; asked++) {
    await call.until(() => call.heardSeconds > asked * 0.6 ? true : undefined, 10_000)
    call.press('2')
  }
  t.match(await call.ended(10_000), { by: 'them' })
  t.equal(spoken(call.audio!.ear.heard()), '')
  t.match(await ended(body.id), { state: 'not_told', reason: 'not_accepted' })
})

t.test('who is busy or hangs up instead is told nothing', async (t) => {
  for (const [act, reason] of [['busy', 'busy'], ['hang up', 'declined']] as const) {
    await play.idle()
    const { body, status } = await play.api('POST', '/v1/persons/proofs', { phone: act === 'busy' ? customerNumber : courierNumber })
    t.equal(status, 202)
    const call = await (act === 'busy' ? play.customer : play.courier).nextCall()
    if (act === 'busy') call.reject(486)
    else {
      await call.answer()
      await call.hangUp()
    }
    t.match(await ended(body.id), { state: 'not_told', reason }, act)
  }
})
