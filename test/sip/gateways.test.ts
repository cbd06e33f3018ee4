import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { TrunkConfig } from '../../src/config.js'
import { createOutboundTrunk, type OutboundTrunk, type TrunkOptions, type TrunkOrder } from '../../src/sip/gateways.js'
import { captured } from '../support/log.js'
import { ScriptedGateway, says, type Received, type Script } from '../support/scripted-gateway.js'
import { startTestSipServer } from '../support/sip-server.js'
import { until } from '../support/whole.js'

const server = await startTestSipServer()
t.teardown(() => server.close())
const { log, text: logged } = captured()
const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n'
const secret = { realm: 'carrier.example', username: 'shop', password: 'correct horse' }

const trunkOf = (gateways: readonly ScriptedGateway[], more: Partial<TrunkConfig> = {}, clock?: () => number, caps: Pick<TrunkOptions, 'onCap' | 'wallClock'> = {}): OutboundTrunk =>
  createOutboundTrunk({ id: 'demo', sources: ['127.0.0.1'], identity: ['pai'], country: 'SE', gateways: gateways.map(({ uri }) => uri), gatewayTimeoutSeconds: 1, ...more }, server.sip, { log, ...caps, ...(clock ? { clock } : {}) })

const order = (more: Partial<TrunkOrder> = {}): TrunkOrder =>
  ({ callId: 'bcdfghjkmnpqrstvwxyz', to: '+46701740606', from: '+442079460000', offer: sdp, maxForwards: 70, onRinging: () => undefined, signal: new AbortController().signal, ...more })

const open = (t: Test, ...scripts: Script[]): Promise<ScriptedGateway[]> => Promise.all(scripts.map((script) => ScriptedGateway.open(t, script)))
const silence: Script = () => undefined
const answers = says(200, [], sdp)
const busy = { name: 'CallFailed', status: 486 }

t.test('a silent gateway is left for the next one, and tried last for a while', async (t) => {
  const [dead, good] = await open(t, silence, answers) as [ScriptedGateway, ScriptedGateway]
  let now = 0
  const trunk = trunkOf([dead, good], {}, () => now)
  const { leg, answer } = await trunk.dial(order())
  t.match(answer, 'm=audio 4000')
  t.equal(dead.all('INVITE').length, 1)
  t.equal(dead.all('OPTIONS').length, 1, 'it was asked whether it lives')
  t.same(trunk.stats(), { calls: 1, waiting: 0, silent: 1 })
  await leg.hangUp()
  const second = await trunk.dial(order())
  t.equal(dead.all('INVITE').length, 1, 'the next call does not wait for it')
  await second.leg.hangUp()
  now += 30_000
  t.equal(trunk.stats().silent, 0)
  dead.script = says(486)
  await t.rejects(trunk.dial(order()), busy, 'after a while it is the first again')
  await until(async () => trunk.stats().calls === 0 ? true : undefined, 'no calls')
  t.match(logged(), 'trunk.gateway_silent')
})

t.test('nobody answers at any gateway', async (t) => {
  const trunk = trunkOf(await open(t, silence, silence))
  await t.rejects(trunk.dial(order()), { name: 'CallFailed', status: 408 })
  t.same(trunk.stats(), { calls: 0, waiting: 0, silent: 2 })
})

t.test('a silent gateway is tried last, not never', async (t) => {
  const [dead, broken] = await open(t, silence, says(503)) as [ScriptedGateway, ScriptedGateway]
  const trunk = trunkOf([dead, broken])
  await t.rejects(trunk.dial(order()), { name: 'CallFailed', status: 503 })
  dead.script = answers
  const { leg } = await trunk.dial(order())
  t.equal(broken.all('INVITE').length, 2)
  t.equal(trunk.stats().silent, 0, 'it spoke')
  await leg.hangUp()
})

t.test('a gateway that takes its time keeps the call', async (t) => {
  const slow: Script = (request) => {
    if (request.method === 'INVITE') {
      request.answer(100)
      setTimeout(() => request.answer(200, [], sdp), 1800)
    } else if (request.method !== 'ACK') request.answer(405)
  }
  const [first, other] = await open(t, slow, answers) as [ScriptedGateway, ScriptedGateway]
  const { leg } = await trunkOf([first, other]).dial(order())
  t.equal(other.received.length, 0)
  t.equal(first.all('CANCEL').length, 0)
  await leg.hangUp()
  t.equal(first.all('BYE').length, 1)
})

t.test('408 and 5xx go on to the next gateway, and ringing is told once', async (t) => {
  for (const status of [408, 500, 502, 503, 504, 580]) {
    const [bad, good] = await open(t, says(status), (request) => {
      if (request.method === 'INVITE') request.answer(180)
      answers(request)
    }) as [ScriptedGateway, ScriptedGateway]
    let rang = 0
    const { leg } = await trunkOf([bad, good]).dial(order({ onRinging: () => { rang++ } }))
    t.equal(bad.all('ACK').length, 1, `${status} is acknowledged`)
    t.equal(rang, 1)
    await leg.hangUp()
  }
})

t.test('what the callee decided stands', async (t) => {
  for (const status of [486, 603, 404, 480, 484, 403, 600, 302]) {
    const [first, other] = await open(t, says(status), answers) as [ScriptedGateway, ScriptedGateway]
    await t.rejects(trunkOf([first, other]).dial(order()), { name: 'CallFailed', status })
    t.equal(other.received.length, 0, `${status} is not tried again`)
  }
})

const challenge = (realm: string, more = ''): string => `Digest realm="${realm}", nonce="abc", qop="auth"${more}`
const asks = (header: string, value: string, then: Script = says(486)): Script => (request) => {
  if (request.method === 'INVITE' && !/^(?:proxy-)?authorization:/im.test(request.text)) request.answer(header.startsWith('Proxy') ? 407 : 401, [`${header}: ${value}`])
  else then(request)
}
const withoutCredentials = (gateway: ScriptedGateway): boolean => gateway.received.every(({ text }) => !/authorization/i.test(text) && !text.includes(secret.username))

t.test('a challenge of the gateway\'s own realm is answered in the same call', async (t) => {
  for (const [header, reply] of [['WWW-Authenticate', 'Authorization'], ['Proxy-Authenticate', 'Proxy-Authorization']] as const) {
    const [gateway] = await open(t, asks(header, challenge(secret.realm), answers)) as [ScriptedGateway]
    const { leg } = await trunkOf([gateway], { auth: secret }).dial(order())
    const [first, second, ...more] = gateway.all('INVITE') as [Received, Received]
    t.same(more, [])
    t.match(second.header(reply), /^Digest username="shop", realm="carrier\.example", nonce="abc", uri="sip:\+46701740606@127\.0\.0\.1:\d+", response="[0-9a-f]{32}"/)
    t.equal(second.header('Call-ID'), first.header('Call-ID'))
    t.equal(second.header('From'), first.header('From'), 'with its tag')
    t.equal(Number.parseInt(second.header('CSeq')!), Number.parseInt(first.header('CSeq')!) + 1)
    for (const name of ['P-Asserted-Identity', 'Contact', 'Max-Forwards', 'User-Agent']) t.equal(second.header(name), first.header(name), name)
    await leg.hangUp()
  }
})

t.test('credentials stay with the INVITE: a BYE that is challenged goes without them', async (t) => {
  const [gateway] = await open(t, asks('WWW-Authenticate', challenge(secret.realm), (request) => {
    if (request.method === 'BYE') request.answer(401, [`WWW-Authenticate: ${challenge(secret.realm)}`])
    else answers(request)
  })) as [ScriptedGateway]
  const { leg } = await trunkOf([gateway], { auth: secret }).dial(order())
  await leg.hangUp()
  await sleep(200)
  t.equal(gateway.all('BYE').length, 1)
  t.notMatch(gateway.all('BYE')[0]?.text, /authorization/i)
})

t.test('wrong credentials are offered once', async (t) => {
  const [gateway, other] = await open(t, says(401, [`WWW-Authenticate: ${challenge(secret.realm)}`]), answers) as [ScriptedGateway, ScriptedGateway]
  await t.rejects(trunkOf([gateway, other], { auth: secret }).dial(order()), { name: 'CallFailed', status: 401 })
  t.equal(gateway.all('INVITE').length, 2)
  t.equal(other.received.length, 0)
})

t.test('a foreign realm, an unreadable challenge and a trunk without credentials get none', async (t) => {
  const cases: [string, Partial<TrunkConfig>][] = [
    [challenge('evil.example'), { auth: secret }], [challenge('evil.example', `, realm="${secret.realm}"`), { auth: secret }],
    ['Digest', { auth: secret }], ['Basic realm="carrier.example"', { auth: secret }], [challenge(secret.realm), {}], [challenge(secret.realm), { auth: null }]
  ]
  for (const [value, more] of cases) {
    const [gateway] = await open(t, asks('Proxy-Authenticate', value)) as [ScriptedGateway]
    await t.rejects(trunkOf([gateway], more).dial(order()), { name: 'CallFailed', status: 407 })
    t.equal(gateway.all('INVITE').length, 1, value)
    t.ok(withoutCredentials(gateway))
  }
})

t.test('a challenge that did not come from the gateway that was dialled gets none', async (t) => {
  const stranger = await ScriptedGateway.open(t)
  // The gateway hands the INVITE on, and somebody else answers.
  const [gateway] = await open(t, (request) => {
    if (request.method === 'INVITE') stranger.relay(request.text, server.port)
  }) as [ScriptedGateway]
  stranger.script = asks('WWW-Authenticate', challenge(secret.realm))
  await t.rejects(trunkOf([gateway], { auth: secret, gatewayTimeoutSeconds: 5 }).dial(order()), { name: 'CallFailed', status: 401 })
  t.ok(withoutCredentials(gateway) && withoutCredentials(stranger))
})

t.test('calls leave one after the other, and those that would wait too long not at all', async (t) => {
  const [gateway] = await open(t, says(486)) as [ScriptedGateway]
  const told: string[] = []
  const trunk = trunkOf([gateway], { callsPerSecond: 4 }, undefined, { onCap: (cap, state) => { told.push(`${cap} ${state}`) } })
  const calls = Array.from({ length: 8 }, () => trunk.dial(order()))
  t.equal(trunk.stats().waiting, 4, 'as many as a second has room for')
  const outcomes = await Promise.all(calls.map((call) => call.catch((error: unknown) => error)))
  t.equal(outcomes.filter((error) => (error as { status?: number }).status === 486).length, 5)
  for (const error of outcomes.slice(5)) t.match(error, { code: 'trunk_busy', sipStatus: 503, httpStatus: 503, retryAfter: 1 })
  t.equal(gateway.all('INVITE').length, 5)
  t.same(trunk.stats(), { calls: 0, waiting: 0, silent: 0 })
  t.same(told, ['trunk_calls_per_second reached'], 'which the operator is told, once')
  t.match(logged(), 'trunk.cap_reached')
})

t.test('no call leaves when the minutes of the day are used up; they count from the answer', async (t) => {
  const [gateway] = await open(t, answers) as [ScriptedGateway]
  const clock = { now: Date.UTC(2026, 10, 21, 12) }
  const trunk = trunkOf([gateway], { minutesPerDay: 2 }, undefined, { wallClock: () => clock.now })
  const { leg } = await trunk.dial(order())
  clock.now += 119_000
  await (await trunk.dial(order())).leg.hangUp()
  clock.now += 1000
  await t.rejects(trunk.dial(order()), { code: 'trunk_busy', reason: 'minutes' })
  await leg.hangUp()
  t.equal(gateway.all('INVITE').length, 2)
})

t.test('a call that is given up while it waits for its turn leaves nothing', async (t) => {
  const [gateway] = await open(t, says(486)) as [ScriptedGateway]
  const trunk = trunkOf([gateway], { callsPerSecond: 1 })
  const first = trunk.dial(order())
  const gone = new AbortController()
  const second = trunk.dial(order({ signal: gone.signal }))
  t.equal(trunk.stats().waiting, 1)
  gone.abort(new Error('gone'))
  await t.rejects(second, { message: 'gone' })
  await t.rejects(first, busy)
  t.same(trunk.stats(), { calls: 0, waiting: 0, silent: 0 })
  t.equal(gateway.all('INVITE').length, 1)
})

t.test('no more calls at the same time than the trunk has room for', async (t) => {
  const [gateway] = await open(t, answers) as [ScriptedGateway]
  const trunk = trunkOf([gateway], { maxCalls: 2 })
  const [first, second] = await Promise.all([trunk.dial(order()), trunk.dial(order())])
  await t.rejects(trunk.dial(order()), { code: 'trunk_busy' })
  t.equal(gateway.all('INVITE').length, 2)
  await first.leg.hangUp()
  await until(async () => trunk.stats().calls === 1 ? true : undefined, 'a place')
  const third = await trunk.dial(order())
  await Promise.all([second.leg.hangUp(), third.leg.hangUp()])
})

t.test('giving up between two gateways leaves nothing ringing', async (t) => {
  const [dead, ringing] = await open(t, silence, (request) => {
    if (request.method === 'INVITE') request.answer(180)
    else if (request.method === 'CANCEL') {
      request.answer(200)
      ringing.all('INVITE')[0]?.answer(487)
    }
  }) as [ScriptedGateway, ScriptedGateway]
  const gone = new AbortController()
  const trunk = trunkOf([dead, ringing])
  const call = trunk.dial(order({ signal: gone.signal, onRinging: () => gone.abort(new Error('gone')) }))
  await t.rejects(call, { message: 'gone' })
  await until(async () => ringing.all('ACK').length === 1 ? true : undefined, 'the ACK of the 487')
  t.equal(ringing.all('CANCEL').length, 1)
  t.equal(trunk.stats().calls, 0)
  // The dead one wakes up and answers the INVITE that was given up: it is hung up at once.
  dead.script = answers
  await until(async () => dead.all('BYE').length === 1 || dead.all('CANCEL').length === 1 ? true : undefined, 'an end for it too')
})

t.test('giving up while a challenge is being answered', async (t) => {
  const gone = new AbortController()
  const [gateway] = await open(t, asks('WWW-Authenticate', challenge(secret.realm), (request) => {
    if (request.method === 'INVITE') {
      request.answer(100)
      gone.abort(new Error('gone'))
    } else if (request.method === 'CANCEL') {
      request.answer(200)
      gateway.all('INVITE')[1]?.answer(487)
    }
  })) as [ScriptedGateway]
  await t.rejects(trunkOf([gateway], { auth: secret }).dial(order({ signal: gone.signal })), { message: 'gone' })
  await until(async () => gateway.all('CANCEL').length === 1 ? true : undefined, 'the CANCEL')
})

t.test('nothing of a person or a password is in the log', async (t) => {
  t.notMatch(logged(), /\+\d|46701|44207|correct horse|carrier\.example|127\.0\.0\.1/)
})
