import t from 'tap'
import { readFileSync } from 'node:fs'
import type { PhoneCall } from '../../src/embedded/phone/index.js'
import { readWav } from '../../src/media/rtp/wav.js'
import { courierNumber, customerNumber, findNumberIn, freshLine, stage, strangerNumber } from './stage.js'

const play = await stage(t, (config) => {
  config.trunks[0]!.asksCode = true
  config.limits.callsPerDeliveryHour = 1000
})
const shop = async (change: object): Promise<void> => {
  const { status, text } = await play.api('PATCH', '/v1/settings', change)
  if (status !== 200) throw new Error(text)
}
const hears = async (call: PhoneCall, prompt: string, language = 'en'): Promise<boolean> => {
  const wav = readWav(readFileSync(new URL(`../../sounds/${language}/${prompt}.wav`, import.meta.url)))
  return call.until(() => call.likeness(wav) > 0.7 ? true : undefined, 12_000, prompt).catch(() => false)
}
/** Presses keys as a person would, one after the other. */
const type = async (call: PhoneCall, keys: string): Promise<void> => {
  for (const key of keys.split('')) {
    call.press(key)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

t.test('a party calls from another phone, enters the code, is connected and needs no code again', async (t) => {
  const line = await freshLine(play)
  const call = play.stranger.call(line.number, { via: play.via })
  await call.answered()
  t.ok(await hears(call, 'ask-code'))
  await type(call, `${line.accessCode}#`)
  t.ok(await hears(call, 'ask-role'))
  await type(call, '1')
  const ringing = await play.customer.nextCall(10_000)
  t.equal(ringing.shown, line.number, 'the customer sees the proxy number')
  await ringing.answer()
  call.say(440)
  ringing.say(660)
  t.ok(await ringing.hears(440))
  t.ok(await call.hears(660))
  await call.hangUp()
  await ringing.ended()
  t.match((await play.endedCalls(line.id, 1))[0], { startedBy: 'courier', result: 'success' })

  const again = play.stranger.call(line.number, { via: play.via })
  const second = await play.customer.nextCall()
  await second.answer()
  await again.answered()
  await again.hangUp()
  await second.ended()
  t.same(findNumberIn(play.customer, strangerNumber), [], 'the customer never learns that other number')
})

t.test('keys as INFO count too', async (t) => {
  const line = await freshLine(play)
  const call = play.stranger.call(line.number, { via: play.via })
  await call.answered()
  for (const key of `${line.accessCode}#`.split('')) await call.pressByInfo(key)
  t.ok(await hears(call, 'ask-role'))
  await call.pressByInfo('2')
  const ringing = await play.courier.nextCall(10_000)
  ringing.reject(486)
  t.ok(await hears(call, 'busy'), 'a caller who was answered is told in words')
  t.match(await call.ended(10_000), { by: 'them' })
  t.match((await play.endedCalls(line.id, 1))[0], { startedBy: 'customer', reason: 'busy' })
})

t.test('a caller who enters nothing is let go', async (t) => {
  await play.idle()
  const call = play.stranger.call('+442079460099', { via: play.via })
  await call.answered()
  t.match(await call.ended(30_000), { by: 'them' })
})

t.test('a callee who has to accept is connected by key 1, and a voicemail never is', async (t) => {
  await shop({ acceptance: 'customer', language: 'et', hint: true })
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  await call.ringing()
  await ringing.answer()
  ringing.say(660)
  t.ok(await hears(ringing, 'accept', 'et'), 'in the language of the shop')
  t.equal(call.state, 'ringing', 'the courier still hears ringing')
  t.notOk(await call.hears(660, 500), 'and nothing of the callee')
  ringing.press('1')
  t.ok(await hears(ringing, 'hint', 'et'))
  await call.answered(10_000)
  t.ok(await call.hears(660))
  await call.hangUp()
  await ringing.ended()

  const toVoicemail = play.courier.call(line.number, { via: play.via })
  const voicemail = await play.customer.nextCall()
  await voicemail.answer()
  voicemail.say(980)
  t.equal((await toVoicemail.refused(40_000)).status, 480)
  t.match(await voicemail.ended(), { by: 'them' })
  t.match((await play.endedCalls(line.id, 2)).at(-1), { reason: 'not_accepted', result: 'client_error' })

  const back = play.customer.call(line.number, { via: play.via })
  const courier = await play.courier.nextCall()
  await courier.answer()
  await back.answered(10_000)
  await back.hangUp()
  await shop({ acceptance: 'off', language: 'en', hint: false })
})

t.test('a callee who hangs up instead of accepting has declined; a caller who gives up meanwhile is let go', async (t) => {
  await shop({ acceptance: 'both' })
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await ringing.hearsSomething()
  await ringing.hangUp()
  t.equal((await call.refused()).status, 603)
  const other = play.courier.call(line.number, { via: play.via })
  const asked = await play.customer.nextCall()
  await asked.answer()
  await asked.hearsSomething()
  await other.cancel()
  t.match(await asked.ended(), { by: 'them' })
  t.match((await play.endedCalls(line.id, 2)).map(({ reason }) => reason), ['declined', 'caller_cancelled'])
  await shop({ acceptance: 'off' })
})

t.test('a late caller is put through to the support line, which sees the proxy number', async (t) => {
  await shop({ supportPhone: strangerNumber })
  const line = await freshLine(play)
  await play.api('DELETE', `/v1/deliveries/${line.id}`)
  const call = play.courier.call(line.number, { via: play.via })
  const support = await play.stranger.nextCall()
  t.equal(support.shown, line.number)
  await support.answer()
  await call.answered()
  await call.hangUp()
  await support.ended()
  t.equal(play.customer.waiting, 0)
  t.same(findNumberIn(play.stranger, courierNumber), [])
  await shop({ supportPhone: null })
})

t.test('settings are checked', async (t) => {
  for (const [change, field] of [[{ supportPhone: '+4670' }, 'supportPhone'], [{ ringTimeoutSeconds: 4 }, 'ringTimeoutSeconds'], [{ language: 'fr' }, 'language'], [{ colour: 'red' }, 'colour'], [{}, undefined]] as const) {
    const { status, body } = await play.api('PATCH', '/v1/settings', change)
    t.equal(status, 422)
    t.equal(body.field, field)
  }
  t.match((await play.api('GET', '/v1/settings')).body, { language: 'en', acceptance: 'off', ringTimeoutSeconds: 45 })
})

// Last, because whoever was wrong so often is not listened to for a while.
t.test('a wrong code three times connects nobody, whatever the number', async (t) => {
  for (const number of ['+442079460099', '+442079460998']) {
    await freshLine(play)
    const call = play.stranger.call(number, { via: play.via })
    await call.answered()
    for (let i = 0; i < 3; i++) {
      await call.hearsSomething()
      await type(call, '00000#1')
    }
    t.match(await call.ended(20_000), { by: 'them' })
    await play.idle()
  }
  t.equal(play.customer.waiting + play.courier.waiting, 0)
})

t.test('nothing is left, and nobody learnt a number', async (t) => {
  await play.idle()
  t.same(findNumberIn(play.courier, customerNumber), [])
  t.same(findNumberIn(play.customer, courierNumber), [])
})
