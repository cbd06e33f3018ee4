import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { createFreeswitchMedia } from '../../../src/media/freeswitch/engine.js'
import { newId } from '../../../src/ids.js'
import { silent } from '../../support/log.js'
import { connected, empty, phone } from '../call.js'
import { leaks } from '../conformance-leaks.js'
import { events, pcma, sleep, waitFor } from '../phone.js'
import { EslDouble } from './esl-double.js'
import { freeTcpPort } from './proxy.js'
import { onBoth, onDouble } from './stage.js'

t.test('the versions are those that can be installed and were tested', async (t) => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { dependencies: Record<string, string> }
  t.equal(dependencies['drachtio-fsmrf'], '4.1.2')
  const versionOf = (from: NodeJS.Require, name: string): string => (from(`${name}/package.json`) as { version: string }).version
  const ours = createRequire(import.meta.url)
  t.equal(versionOf(ours, 'drachtio-fsmrf'), '4.1.2')
  t.equal(versionOf(createRequire(ours.resolve('drachtio-fsmrf')), 'drachtio-modesl'), '1.3.1')
})

onBoth('a profile that is missing', async (t, stage) => {
  const engine = stage.engine(t, { profile: 'no_such_profile' })
  await t.rejects(engine.ping(), { code: 'media_unavailable', reason: 'profile' })
  await t.rejects(engine.open(newId(), (await phone(t, [pcma])).offer()), { code: 'media_unavailable' })
})

onBoth('a wrong secret', async (t, stage) => {
  const engine = stage.engine(t, { secret: 'not the secret' })
  await t.rejects(engine.ping(), { code: 'media_unavailable', reason: 'secret' })
  t.notMatch(stage.log(), 'not the secret')
  await engine.close()
  t.ok(await waitFor(() => stage.control.live === 0), 'nobody keeps trying')
  const { count } = stage.control
  await sleep(700)
  t.equal(stage.control.count, count)
})

onDouble('an access list that turns us away', async (t, { double, ...stage }) => {
  double.acl = true
  await t.rejects(stage.engine(t).ping(), { code: 'media_unavailable', reason: 'acl' })
})

onBoth('our port is taken', async (t, stage) => {
  const engine = stage.engine(t, { listenPort: stage.channelLinks.port })
  await t.rejects(engine.ping(), { code: 'media_unavailable', reason: 'port' })
})

t.test('FreeSWITCH comes later than we: one connection, one owner', async (t) => {
  const [port, appPort] = await Promise.all([freeTcpPort(), freeTcpPort()])
  const late: { double?: EslDouble } = {}
  const srf = { createUAC: (...args: Parameters<EslDouble['srf']['createUAC']>) => late.double!.srf.createUAC(...args) }
  const engine = createFreeswitchMedia({ url: `esl://:a%20secret%20of%20the%20double@127.0.0.1:${port}`, srf, listen: { host: '127.0.0.1', port: appPort }, sounds: { root: '/sounds' }, log: silent, deadlineMs: 500, silenceTimeoutMs: 60_000 })
  t.teardown(() => engine.close())
  await t.rejects(engine.ping(), { code: 'media_unavailable', reason: 'nobody' })
  await sleep(500)
  const double = late.double = await EslDouble.start(t, appPort, port)
  t.ok(await waitFor(() => engine.ping().then(() => true, () => false)))
  await sleep(700)
  t.equal(double.live, 1)
  const session = await engine.open(newId(), (await phone(t, [pcma])).offer())
  await session.close()
})

onBoth('the connection is lost and made anew', async (t, stage) => {
  const engine = stage.engine(t)
  await engine.ping()
  const call = await connected(t, engine, [pcma, events(101)], [pcma, events(101)])
  let silent = false
  void call.session.silent.then(() => { silent = true })
  const asking = engine.ping()
  stage.control.cut()
  await asking.catch(() => undefined)
  t.ok(await waitFor(() => engine.ping().then(() => true, () => false)))
  // Answers belong to their questions, also after the cut.
  await Promise.all([engine.ping(), engine.ping()])
  t.equal(stage.control.live, 1, 'one connection')
  const second = await connected(t, engine, [pcma], [pcma])
  await second.session.close()
  await sleep(300)
  t.notOk(silent, 'the talk went on')
  t.match(await call.session.renegotiate('a', call.a.offer({ direction: 'sendonly' })), 'a=recvonly')
  await call.session.close()
  await empty(t, async () => ({ channels: await stage.channels() }))
  if (stage.double !== undefined) t.equal(stage.double.commands.filter((command) => command === 'event json HEARTBEAT').length, 2, 'heartbeats are ordered again')
})

const bridged = (double: EslDouble): number => [...double.channels].filter((channel) => channel.bridged).length

onDouble('FreeSWITCH is killed in mid-call', async (t, { double, ...stage }) => {
  const { port } = double
  const engine = stage.engine(t, { port, deadlineMs: 500, silenceTimeoutMs: 600_000 })
  await engine.ping()
  const a = await phone(t, [pcma])
  const call = await connected(t, engine, [pcma], [pcma])
  t.ok(await waitFor(() => bridged(double) === 2))
  const ringing = await engine.open(newId(), a.offer())
  await ringing.offerForB()
  const playback = call.session.play('a', 'ringback', { loop: true })
  await double.kill()
  await playback.done
  t.pass('what was playing is over')
  // The answer for A may be known already; then it is the joining that fails.
  await ringing.connect(a.offer()).then(() => ringing.silent, (error: unknown) => { t.match(error, { code: 'media_unavailable' }) })
  t.pass('what was being set up fails')
  await t.rejects(engine.open(newId(), a.offer()).then((session) => session.offerForB()), { code: 'media_unavailable' }, 'and so does what begins')
  await call.session.silent
  t.pass('the talk is reported silent')
  await Promise.all([call.session.close(), ringing.close()])
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 }, 'and nothing of it stays, though nobody says goodbye')

  await double.revive(port)
  t.ok(await waitFor(() => engine.ping().then(() => true, () => false)), 'it is found again')
  const next = await connected(t, engine, [pcma], [pcma])
  await next.session.close()
  await empty(t, async () => ({ channels: await stage.channels() }))
})

onDouble('FreeSWITCH is started anew and has forgotten the talk', async (t, { double, ...stage }) => {
  const { port } = double
  const engine = stage.engine(t, { silenceTimeoutMs: 6000 })
  const call = await connected(t, engine, [pcma], [pcma])
  t.ok(await waitFor(() => bridged(double) === 2))
  await double.kill()
  await double.revive(port)
  await call.session.silent
  t.pass('that is noticed')
  await call.session.close()
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
})

onBoth('a channel loses its connection to us', async (t, stage) => {
  const engine = stage.engine(t)
  const call = await connected(t, engine, [pcma], [pcma])
  let silent = false
  void call.session.silent.then(() => { silent = true })
  const playback = call.session.play('a', 'ringback', { loop: true })
  await sleep(100)
  stage.channelLinks.cut()
  await playback.done
  t.pass('what was playing is over')
  await call.session.play('a', 'over').done
  t.pass('and what is asked for then')
  await sleep(300)
  t.notOk(silent, 'the talk goes on without it')
  t.match(await call.session.renegotiate('b', call.b.offer({ direction: 'sendonly' })), 'a=recvonly')
  await call.session.close()
  await empty(t, async () => ({ channels: await stage.channels() }))
  t.pass('and its channels are ended')
})

onDouble('a header that does not decode', async (t, { double, ...stage }) => {
  double.oddHeader = 'X-Odd: 100% sure\n'
  const under = stage.engine(t)
  await under.ping()
  const call = await connected(t, under, [pcma], [pcma])
  await call.session.play('a', 'over').done
  await call.session.close()
})

onBoth('the libraries say nothing of their own', async (t, stage) => {
  const engine = stage.engine(t)
  const call = await connected(t, engine, [pcma], [pcma], { talkative: true })
  stage.control.cut()
  stage.channelLinks.cut()
  await sleep(300)
  await call.session.close()
  for (const line of stage.log().trim().split('\n')) {
    const { msg, ...fields } = JSON.parse(line) as Record<string, unknown>
    if (msg === 'library.console') t.same(Object.keys(fields).sort(), ['level', 'operation', 'time'])
  }
  t.match(stage.log(), 'library.console', 'though they tried')
  t.notMatch(stage.log(), /CANARY|canary|127\.0\.0\.1|[0-9a-f]{8}-[0-9a-f]{4}/)
})

t.test('what could break a command is refused at the start', async (t) => {
  const base = { url: 'esl://:secret@127.0.0.1:1', srf: {}, listen: { host: '127.0.0.1', port: 1 }, log: silent, deadlineMs: 100, silenceTimeoutMs: 1000 }
  for (const root of ['', 'sounds', '/a b', '/a\nb', '/a!b', '/a;b', '/a${b}']) t.throws(() => createFreeswitchMedia({ ...base, sounds: { root } }), { code: 'config_invalid' }, JSON.stringify(root))
  t.throws(() => createFreeswitchMedia({ ...base, sounds: { root: '/a', overrides: '/b c' } }), { code: 'config_invalid' })
  t.throws(() => createFreeswitchMedia({ ...base, sounds: { root: '/a' }, profile: 'a b' }), { code: 'config_invalid' })
})

onDouble('nothing of a person gets into a command', async (t, { double, ...stage }) => {
  const call = await connected(t, stage.engine(t, { sounds: { root: '/sounds', overrides: '/no-such-folder/own' } }), [pcma, events(101)], [pcma], { talkative: true })
  await call.session.play('a', 'over', { language: 'et', shop: 'demo' }).done
  await call.session.play('b', 'over', { shop: '../../etc', language: 'xx\n' as 'en' }).done
  await call.session.close()
  const said = double.commands.join('\n')
  t.notMatch(said, /CANARY|canary|192\.0\.2\.77|46701740666|etc|xx/)
  const played = [...said.matchAll(/execute-app-arg: (.*)/g)].map((match) => match[1])
  t.same(played, ['/no-such-folder/own/demo/et/over.wav', '/sounds/et/over.wav', '/sounds/en/over.wav'], 'the first that is there')
})

onDouble('nothing stays behind', async (t, stage) => {
  await leaks(t, async (t) => ({ engine: stage.engine(t), load: async () => ({ channels: await stage.channels() }) }), 300)
})
