import t, { type Test } from 'tap'
import type { PhoneCall } from '../../src/embedded/phone/index.js'
import { freshLine, stage, type Stage } from '../e2e/stage.js'
import { phone } from '../media/call.js'
import { pcma, type Phone } from '../media/phone.js'
import { noRtpengine, startRtpengine } from '../support/rtpengine.js'
import { AppPhone, appAddress, dialogOf, type Dialog, type Secret } from './app.js'

const domain = 'sip.example'
/** What the phone knows of itself: it comes to us from `appAddress`, and from another port. */
const inside = { place: { host: '10.1.2.3', port: 4000 } }
const [toneOfApp, toneOfCustomer, toneOfStranger] = [700, 1100, 1900]

/** An app behind NAT, with an account for a line, and a stranger who finds its RTP port before it has said anything. */
interface Scene {
  readonly number: string
  readonly secret: Secret
  readonly app: AppPhone
  readonly media: Phone
  readonly stranger: Phone
}

/**
 * From a description of ours to the app on: sound goes between the app and the customer alone.
 * @param vacant whether the engine takes whoever comes first, until the app does
 */
async function keepsItsTalk(t: Test, { media, stranger }: Scene, ours: string, customer: PhoneCall, vacant = true): Promise<void> {
  customer.say(toneOfCustomer)
  media.take(ours)
  stranger.take(ours)
  stranger.speak(toneOfStranger)
  t.equal(await stranger.until(() => stranger.received.length > 0, vacant ? undefined : 500), vacant, vacant ? 'the stranger is first' : 'the stranger gets nothing, though alone')
  media.speak(toneOfApp)
  t.ok(await media.hears(toneOfCustomer), 'the app hears the customer')
  for (const one of [media, stranger]) one.forget()
  t.ok(await customer.hears(toneOfApp), 'the customer hears the app')
  t.ok(media.received.length > 0, 'the app goes on hearing')
  t.equal(stranger.received.length, 0, 'the stranger hears nothing any more')
  for (const one of [media, stranger]) one.hush()
  stranger.forget()
}

async function over(t: Test, rtpengine: string | null): Promise<void> {
  const play = await stage(t, (config) => {
    config.trunks[0]!.sources = ['127.0.0.1/32']
    config.sip.accounts = { domain, maxHours: 12, registrationSeconds: 600, algorithm: 'MD5' }
    config.freeswitch.url = null
    config.rtpengine.url = rtpengine
  })
  await t.test('an app that calls, and offers again', async (t) => {
    const scene = await set(t, play)
    const { app, media, number, secret } = scene
    const calling = app.call(number, secret, { body: media.offer(inside) })
    const customer = await answering(play)
    const { final, dialog } = await calling
    await keepsItsTalk(t, scene, final.body, customer)
    const again = await app.within('INVITE', dialog, { body: media.offer(inside), headers: { Contact: app.contact } })
    // The embedded engine knows by now where the app is; rtpengine learns anew with each description.
    await keepsItsTalk(t, scene, again.body, customer, rtpengine !== null)
    await hangUp(play, app, dialog, customer)
  })
  await t.test('an app that is called', async (t) => {
    const scene = await set(t, play)
    const { app, media, number, secret } = scene
    t.equal((await app.register(secret)).status, 200)
    const customer = play.customer.call(number, { via: play.via })
    const invite = await app.called()
    app.respond(invite, 200, media.answer(invite.body, inside))
    await customer.answered()
    await keepsItsTalk(t, scene, invite.body, customer)
    await hangUp(play, app, app.joined(invite), customer)
  })
  // To rtpengine that is the same as the one before, and takes four seconds.
  if (rtpengine === null) await t.test('an app that calls without an offer', async (t) => {
    const scene = await set(t, play)
    const { app, media, number, secret } = scene
    const calling = app.ask('INVITE', `sip:${number}@${domain}`, { secret, headers: { Contact: app.contact } })
    const customer = await answering(play)
    const final = await calling
    const dialog = dialogOf(final)
    app.send('ACK', dialog, { body: media.answer(final.body, inside) })
    await keepsItsTalk(t, scene, final.body, customer)
    await hangUp(play, app, dialog, customer)
  })
}

async function set(t: Test, play: Stage): Promise<Scene> {
  const line = await freshLine(play)
  const { body } = await play.api('POST', `/v1/deliveries/${line.id}/credentials`)
  const app = await AppPhone.open('udp', play.sipPort)
  t.teardown(() => app.close())
  const [media, stranger] = await Promise.all([phone(t, [pcma], appAddress), phone(t, [pcma], '127.0.0.3')])
  return { number: line.number, secret: body as unknown as Secret, app, media, stranger }
}

async function answering({ customer }: Stage): Promise<PhoneCall> {
  const call = await customer.nextCall()
  await call.answer()
  return call
}

async function hangUp(play: Stage, app: AppPhone, dialog: Dialog, customer: PhoneCall): Promise<void> {
  app.send('BYE', dialog)
  await customer.ended()
  await play.idle()
}

t.test('the embedded engine', (t) => over(t, null))
t.test('rtpengine', { skip: noRtpengine ?? false }, async (t) => over(t, (await startRtpengine(t)).url))
