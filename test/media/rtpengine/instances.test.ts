import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { newId } from '../../../src/ids.js'
import { createRtpengineMedia } from '../../../src/media/rtpengine/engine.js'
import type { MediaEngine } from '../../../src/media/types.js'
import { silent } from '../../support/log.js'
import { freePort } from '../../support/ports.js'
import { noRtpengine, startRtpengine } from '../../support/rtpengine.js'
import { connected, empty, phone } from '../call.js'
import { pcma, waitFor } from '../phone.js'

const skip = noRtpengine ?? false

function engineOver(t: Test, urls: string[], silenceTimeoutMs = 600_000): MediaEngine {
  const engine = createRtpengineMedia({ urls, log: silent, deadlineMs: 4000, silenceTimeoutMs })
  t.teardown(() => engine.close())
  return engine
}

t.throws(() => createRtpengineMedia({ urls: [], log: silent, deadlineMs: 4000, silenceTimeoutMs: 1000 }), { code: 'config_invalid' })

t.test('calls are spread over the servers', { skip }, async (t) => {
  const servers = await Promise.all([startRtpengine(t), startRtpengine(t)])
  const engine = engineOver(t, servers.map(({ url }) => url))
  const a = await phone(t, [pcma])
  const sessions = await Promise.all(Array.from({ length: 10 }, () => engine.open(newId(), a.offer())))
  t.same(await Promise.all(servers.map(async (server) => (await server.load()).calls)), [5, 5])
  t.same(engine.stats(), { sessions: 10, portsInUse: 40 })
  await Promise.all(sessions.map((session) => session.close()))
  for (const server of servers) await empty(t, () => server.load())
})

t.test('a server that is gone is passed over, and taken again when it is back', { skip }, async (t) => {
  const [first, second] = await Promise.all([startRtpengine(t), startRtpengine(t)])
  const engine = engineOver(t, [first.url, second.url])
  const a = await phone(t, [pcma])
  await first.kill()
  for (let n = 0; n < 6; n++) {
    const session = await engine.open(newId(), a.offer())
    await session.offerForB()
  }
  t.equal((await second.load()).calls, 6)
  await engine.ping()
  const back = await startRtpengine(t, Number(new URL(first.url).port))
  t.ok(await waitFor(async () => {
    const session = await engine.open(newId(), a.offer())
    const { calls } = await back.load()
    await session.close()
    return calls > 0
  }), 'the next check finds it')
})

t.test('no server', async (t) => {
  const engine = engineOver(t, [`udp://127.0.0.1:${await freePort()}`, `udp://127.0.0.1:${await freePort()}`])
  const a = await phone(t, [pcma])
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable' })
  await t.rejects(engine.ping(), { code: 'media_unavailable' })
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
})

t.test('a server that goes in mid-call', { skip }, async (t) => {
  const server = await startRtpengine(t)
  const engine = engineOver(t, [server.url], 1000)
  const answered = await connected(t, engine, [pcma], [pcma])
  const a = await phone(t, [pcma])
  const unanswered = await engine.open(newId(), a.offer())
  await unanswered.offerForB()
  await server.kill()
  await answered.session.silent
  t.pass('the talk is reported silent')
  await t.rejects(unanswered.connect(a.offer()), { code: 'media_unavailable' })
  await t.rejects(answered.session.renegotiate('a', answered.a.offer()), { code: 'media_unavailable' })
  await Promise.all([answered.session.close(), unanswered.close()])
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
})

t.test('a server that was started anew has forgotten the talk', { skip }, async (t) => {
  const server = await startRtpengine(t)
  const engine = engineOver(t, [server.url], 4000)
  const call = await connected(t, engine, [pcma], [pcma])
  // Well before the limit of silence.
  call.a.speak(700)
  await server.kill()
  await startRtpengine(t, Number(new URL(server.url).port))
  await call.session.silent
  t.pass('that is noticed')
  await call.session.close()
})

t.test('the requests that open a call have one deadline together', async (t) => {
  const deadlineMs = 600
  const asked: string[] = []
  const timers: NodeJS.Timeout[] = []
  const slow = createSocket('udp4')
  slow.on('message', (data, { port, address }) => {
    const [cookie = '', command = ''] = /^(\S+) d7:command\d+:([a-z]+)/.exec(data.toString('latin1'))?.slice(1) ?? []
    asked.push(command)
    const sdp = a.offer()
    // Each reply on its own comes in time.
    timers.push(setTimeout(() => { slow.send(`${cookie} d6:result2:ok3:sdp${sdp.length}:${sdp}e`, port, address) }, deadlineMs * 2 / 3))
  })
  slow.bind(0, '127.0.0.1')
  await once(slow, 'listening')
  const a = await phone(t, [pcma])
  const engine = createRtpengineMedia({ urls: [`udp://127.0.0.1:${slow.address().port}`], log: silent, deadlineMs, silenceTimeoutMs: 60_000 })
  t.teardown(async () => {
    await engine.close()
    timers.forEach(clearTimeout)
    slow.close()
  })
  await t.rejects(engine.open(newId(), a.offer()), { code: 'media_unavailable', reason: 'timeout' })
  t.ok(asked.includes('block'), 'although the first was answered')
})
