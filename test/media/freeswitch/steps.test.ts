import { newId } from '../../../src/ids.js'
import type { MediaSession } from '../../../src/media/types.js'
import { connected, empty, phone } from '../call.js'
import { events, pcma, sleep, waitFor } from '../phone.js'
import type { Channel, EslDouble } from './esl-double.js'
import { onDouble } from './stage.js'

const short = { deadlineMs: 1000 }
const channelsOf = (double: EslDouble) => async () => ({ channels: double.channels.size })

/** Whether a session has been reported silent by now or soon. */
async function fallsSilent(session: MediaSession): Promise<boolean> {
  let silent = false
  void session.silent.then(() => { silent = true })
  return waitFor(() => silent)
}

onDouble('INVITEs that fail', async (t, { double, ...stage }) => {
  const a = await phone(t, [pcma])
  const engine = stage.engine(t, short)
  await engine.ping()
  double.invite = 488
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_rejected' }, 'no codec of ours')
  double.invite = 503
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable' }, 'full')
  double.invite = 'silent'
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable' }, 'no answer')
  double.invite = 'late'
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable' }, 'an answer after the deadline')
  await empty(t, channelsOf(double))
  double.invite = undefined
  double.dialsBack = false
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable' }, 'a channel that does not dial us')
  await empty(t, channelsOf(double))
  double.dialsBack = true
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
  await (await engine.open(newId(), a.offer())).close()
})

onDouble('a channel that never dials us is replaced', async (t, { double, ...stage }) => {
  const a = await phone(t, [pcma])
  const engine = stage.engine(t)
  await engine.ping()
  double.forgetful = 1
  const session = await engine.open(newId(), a.offer())
  t.equal(double.channels.size, 3)
  await session.close()
  await empty(t, channelsOf(double))
})

onDouble('re-INVITEs that fail', async (t, { double, ...stage }) => {
  const engine = stage.engine(t, short)
  double.modify.push(491, 1, 491)
  const call = await connected(t, engine, [pcma], [pcma])
  await call.session.renegotiate('b', call.b.offer({ direction: 'sendonly' }))
  t.equal(double.modify.length, 0, 'asked again while the one before was pending')
  double.modify.push(488)
  await t.rejects(call.session.renegotiate('b', call.b.offer()), { code: 'media_rejected' })
  await call.session.renegotiate('b', call.b.offer())
  t.pass('the next one goes through')
  double.modify.push(...Array<number>(20).fill(491))
  await t.rejects(call.session.renegotiate('b', call.b.offer()), { code: 'media_unavailable' }, 'not for ever')
  double.modify.length = 0
  double.modify.push(0)
  await t.rejects(call.session.renegotiate('a', call.a.offer()), { code: 'media_unavailable' }, 'no answer')
  await call.session.close()
  await empty(t, channelsOf(double))
})

onDouble('sides that cannot be joined', async (t, { double, ...stage }) => {
  const engine = stage.engine(t, short)
  const faults: Record<string, () => void> = {
    'B refused': () => { double.modify.push(488) },
    'B unanswered': () => { double.modify.push(0) },
    'no bridge': () => { double.bridge = '-ERR Cannot bridge' },
    'no answer to the bridge': () => { double.mute.add('uuid_bridge') }
  }
  for (const [name, set] of Object.entries(faults)) {
    set()
    const { session } = await connected(t, engine, [pcma], [pcma])
    t.ok(await fallsSilent(session), name)
    await session.close()
    Object.assign(double, { bridge: '+OK' })
    double.mute.clear()
    double.modify.length = 0
  }
  await empty(t, channelsOf(double))
})

onDouble('a talk that ends by itself', async (t, { double, ...stage }) => {
  const hungUp = await connected(t, stage.engine(t), [pcma], [pcma])
  ;[...double.channels][1]!.hangUp()
  t.ok(await fallsSilent(hungUp.session), 'FreeSWITCH hung up a side')
  await hungUp.session.close()
  await empty(t, channelsOf(double))
})

onDouble('keys pressed while the sides are being joined', async (t, { double, ...stage }) => {
  const engine = stage.engine(t)
  const [a, b] = await Promise.all([phone(t, [pcma, events(101)]), phone(t, [pcma, events(101)])])
  const session = await engine.open(newId(), a.offer())
  const [channelOfA, channelOfB] = [...double.channels] as [Channel, Channel]
  const sent = (): string[] => double.commands.filter((command) => command.startsWith('uuid_send_dtmf'))
  const answer = b.answer(await session.offerForB())
  channelOfA.press('1')
  await sleep(50)
  await session.connect(answer)
  channelOfA.press('2')
  channelOfB.press('3')
  t.ok(await waitFor(() => sent().length === 2))
  t.same(sent().sort(), [`uuid_send_dtmf ${channelOfA.uuid} 3`, `uuid_send_dtmf ${channelOfB.uuid} 2`].sort(), 'those after the answer are passed on')
  t.ok(double.commands.findIndex((line) => line.startsWith('uuid_bridge')) < double.commands.findIndex((line) => line.startsWith('uuid_send_dtmf')), 'to who is joined')
  channelOfA.press('4')
  await sleep(50)
  t.equal(sent().length, 2, 'the bridge itself carries the next')
  session.voice!.allowTalk(false)
  t.ok(await waitFor(() => !channelOfA.bridged))
  channelOfB.press('5')
  await sleep(50)
  t.equal(sent().length, 2, 'and nobody hears the keys of who is held apart')
  await session.close()
})

onDouble('a prompt in place of another', async (t, stage) => {
  const { session } = await connected(t, stage.engine(t), [pcma], [pcma])
  const ringing = session.play('a', 'ringback', { loop: true })
  await sleep(50)
  ringing.stop()
  await session.play('a', 'busy').done
  t.pass('is played to its end, not thrown away with the one before')
  const first = session.play('a', 'ringback', { loop: true })
  await session.play('a', 'over').done
  await first.done
  t.pass('also when nobody stops that')
  await session.close()
})

onDouble('packets are counted', async (t, { double, ...stage }) => {
  const { session } = await connected(t, stage.engine(t, { silenceTimeoutMs: 800 }), [pcma], [pcma])
  let silent = false
  void session.silent.then(() => { silent = true })
  for (let n = 0; n < 20; n++) {
    double.packets++
    await sleep(100)
  }
  t.notOk(silent)
  t.ok(await waitFor(() => silent), 'then no more')
  await session.close()
})

onDouble('a connection that is open and dead', async (t, { double, ...stage }) => {
  const engine = stage.engine(t, short)
  await engine.ping()
  const { count } = stage.control
  double.mute.add('uptime')
  t.ok(await waitFor(() => stage.control.count > count), 'is given up')
  double.mute.clear()
  t.ok(await waitFor(() => engine.ping().then(() => true, () => false)), 'for a new one')
})

onDouble('SIP is gone when the call ends', async (t, { double, ...stage }) => {
  const call = await connected(t, stage.engine(t), [pcma, events(101)], [pcma])
  const keys: string[] = []
  call.session.voice!.onDigit('a', (digit) => keys.push(digit))
  for (const channel of double.channels) {
    channel.press('5')
    channel.press('x')
    channel.dialog.destroy = () => Promise.reject(new Error('not connected'))
  }
  t.ok(await waitFor(() => keys.length > 0))
  await call.session.close()
  t.same(keys, ['5'])
  await empty(t, channelsOf(double))
  t.equal(double.commands.filter((command) => command.startsWith('uuid_kill')).length, 2, 'the event socket ends the channels')
})
