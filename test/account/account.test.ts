import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { authorize } from '../../src/sip/digest.js'
import { customerNumber, courierNumber, freshLine, stage, type Line } from '../e2e/stage.js'
import { filesBelow } from '../privacy/canary.js'
import { realDrachtio } from '../support/sip-server.js'
import { AppPhone, appAddress, type Protocol, type Secret } from './app.js'

const domain = 'sip.example'
/** What an app pretends to be. */
const claimed = '+46701740688'
/** What only the embedded SIP server does. */
const skip = realDrachtio ? 'a real drachtio-server takes its TLS and its sources from its own configuration' : false
const dir = mkdtempSync(join(tmpdir(), 'maskline-tls-'))
t.teardown(() => rmSync(dir, { recursive: true, force: true }))
const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=sip.example', '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' })

const play = await stage(t, (config) => {
  config.trunks[0]!.sources = ['127.0.0.1/32']
  config.sip.accounts = { domain, maxHours: 12, registrationSeconds: 600, algorithm: 'MD5' }
  config.sip.tls = { port: 0, certFile, keyFile }
  config.limits.callsPerDeliveryHour = 1000
})
const dropped = (): number => play.embedded.sip?.dropped() ?? 0

async function handOut(line: Line): Promise<Secret & { uri: string, number: string, expiresAt: string }> {
  const { status, body, text } = await play.api('POST', `/v1/deliveries/${line.id}/credentials`)
  if (status !== 201) throw new Error(text)
  return body as unknown as Secret & { uri: string, number: string, expiresAt: string }
}

async function phone(t: Pick<Test, 'teardown'>, protocol: Protocol = 'udp'): Promise<AppPhone> {
  const app = await AppPhone.open(protocol, protocol === 'tls' ? play.embedded.sip!.tlsPort! : play.sipPort)
  t.teardown(() => app.close())
  return app
}

/** A line, its courier's account and a phone with it. */
async function ready(t: Pick<Test, 'teardown'>, protocol: Protocol = 'udp'): Promise<{ line: Line, secret: Secret, app: AppPhone }> {
  const line = await freshLine(play)
  return { line, secret: await handOut(line), app: await phone(t, protocol) }
}

t.test('an account is handed out once, for one delivery, as long as that lasts', async (t) => {
  const line = await freshLine(play)
  const given = await handOut(line)
  t.match(given, { domain, number: line.number, username: /^demo-[a-z]{20}$/, password: /^[\w-]{24}$/, uri: `sip:${given.username}@${domain}` })
  t.ok(Date.parse(given.expiresAt) <= Date.now() + 3_600_000)
  const other = await handOut(line)
  t.not(other.username, given.username)
  const app = await phone(t)
  t.equal((await app.register(given)).status, 401, 'the one before is over')
  t.equal((await app.register(other)).status, 200)
  await play.api('DELETE', `/v1/deliveries/${line.id}`)
  t.match((await play.api('POST', `/v1/deliveries/${line.id}/credentials`)).body, { code: 'delivery_ended' })
  t.equal((await app.register(other)).status, 401, 'with the delivery it is over too')
})

for (const protocol of ['udp', 'tcp', 'tls'] as const) {
  t.test(`an app calls and is called, over ${protocol}`, { skip: protocol === 'tls' && skip }, async (t) => {
    const { line, secret, app } = await ready(t, protocol)
    const calling = app.call(line.number, secret, { from: `sip:${claimed}@evil.example`, headers: { 'P-Asserted-Identity': `<sip:${claimed}@evil.example>`, Subject: 'canarysubject' } })
    const ringing = await play.customer.nextCall()
    t.equal(ringing.shown, line.number, 'whatever it says of itself, it is the courier of this delivery')
    await ringing.answer()
    const { final, dialog } = await calling
    t.equal(final.status, 200)
    ringing.say(440)
    for (let tries = 0; tries < 100 && app.rtpPackets < 10; tries++) {
      app.rtp.send(Buffer.concat([Buffer.from([0x80, 8, 0, tries, 0, 0, 0, 0, 1, 2, 3, 4]), Buffer.alloc(160, 0xd5)]), Number(/m=audio (\d+)/.exec(final.body)?.[1]), '127.0.0.1')
      await sleep(20)
    }
    t.ok(app.rtpPackets >= 10, 'and hears the customer')
    app.send('BYE', dialog)
    t.match(await ringing.ended(), { by: 'them' })
    t.match((await play.endedCalls(line.id, 1))[0], { startedBy: 'courier', result: 'success', reason: 'caller_hung_up' })

    t.equal((await app.register(secret)).status, 200)
    await play.idle()
    const back = play.customer.call(line.number, { via: play.via })
    const invite = await app.called()
    t.match(invite.text, /^INVITE sip:demo-[a-z]{20}@127\.0\.0\.2:\d+;transport=\w+ SIP/, 'the registered address is called')
    app.respond(invite, 180)
    app.respond(invite, 200, app.sdp)
    await back.answered()
    await app.next((message) => message.method === 'ACK')
    t.equal((await back.hangUp())?.status, 200)
    await app.next((message) => message.method === 'BYE')
    t.match((await play.endedCalls(line.id, 2)).at(-1), { startedBy: 'customer', result: 'success', callee: 'courier' })
    const heard = Buffer.concat(app.seen).toString('latin1')
    for (const number of [customerNumber, courierNumber]) t.notOk(heard.includes(number.slice(3)), 'no number reached the app')
    t.notOk(Buffer.concat([...play.customer.wire.messages.map(({ data }) => data)]).toString('latin1').includes('canarysubject'), 'nothing of it reached the customer')
  })
}

t.test('an app that does not answer leaves the call to the phone; one that declines has declined', async (t) => {
  const { line, secret, app } = await ready(t)
  t.equal((await app.register(secret)).status, 200)
  const first = play.customer.call(line.number, { via: play.via })
  const unanswered = await app.called()
  app.respond(unanswered, 180)
  app.respond(unanswered, 480)
  const ringing = await play.courier.nextCall()
  await ringing.answer()
  await first.answered()
  await first.hangUp()
  await play.idle()
  const second = play.customer.call(line.number, { via: play.via })
  app.respond(await app.called(), 603)
  t.equal((await second.refused()).status, 603)
  t.equal((await app.register(secret, { Contact: '*', Expires: 0 })).status, 200)
  const third = play.customer.call(line.number, { via: play.via })
  await (await play.courier.nextCall()).answer()
  await third.answered()
  await third.hangUp()
})

t.test('an account reaches its own line and nothing else', async (t) => {
  const { line, secret, app } = await ready(t)
  const other = await play.line({ courier: { phone: '+46701740650' }, customer: { phone: '+46701740651' } })
  t.not(other.number, line.number)
  for (const dialled of [other.number, customerNumber]) {
    t.equal((await app.call(dialled, secret)).final.status, 480, dialled)
  }
  await play.api('DELETE', `/v1/deliveries/${line.id}`)
  t.equal((await app.call(line.number, secret)).final.status, 401, 'with the delivery the account is over')
  t.equal((await play.endedCalls(other.id, 0)).length, 0)
})

t.test('the app of a courier who was replaced neither calls nor rings', async (t) => {
  const { line, secret, app } = await ready(t)
  t.equal((await app.register(secret)).status, 200)
  t.equal((await play.api('PATCH', `/v1/deliveries/${line.id}`, { courier: { phone: '+46701740607' } })).status, 200)
  t.equal((await app.call(line.number, secret)).final.status, 401)
  const call = play.customer.call(line.number, { via: play.via })
  await (await play.stranger.nextCall()).answer()
  await call.answered()
  await call.hangUp()
  t.notOk(app.heard.some((message) => message.method === 'INVITE' && message.status === 0))
})

t.test('who cannot show an account gets one and the same answer', async (t) => {
  const { line, secret, app } = await ready(t)
  const uri = `sip:${line.number}@${domain}`
  const plain = (text: string): string => text.replace(/nonce="[^"]+"|tag=\S+|branch=\S+|rport=\d+|From: \S+|Call-ID: \S+|CSeq: \d+ /g, '')
  const answers = [
    await app.ask('INVITE', uri, { body: app.sdp, headers: { Contact: app.contact } }),
    await app.ask('INVITE', uri, { body: app.sdp, headers: { Contact: app.contact }, secret: { ...secret, password: 'wrong' } }),
    await app.ask('INVITE', uri, { body: app.sdp, headers: { Contact: app.contact }, secret: { ...secret, username: `demo-${'b'.repeat(20)}` } }),
    await app.ask('INVITE', uri, { body: app.sdp, headers: { Contact: app.contact }, secret: { ...secret, username: courierNumber } }),
    await app.ask('INVITE', uri, { body: app.sdp, headers: { Contact: app.contact, Authorization: 'Digest nonsense' } }),
    await app.ask('INVITE', uri, { body: app.sdp, headers: { Contact: app.contact, 'P-Asserted-Identity': `<sip:${courierNumber}@x>` } })
  ]
  t.same([...new Set(answers.map(({ text }) => plain(text)))].length, 1, 'to the letter')
  t.equal(answers[0]!.status, 401)
})

t.test('what was overheard is good for nothing', async (t) => {
  const { line, secret, app } = await ready(t)
  const uri = `sip:${domain}`
  const challenge = (await app.ask('REGISTER', uri)).header('WWW-Authenticate')
  const credentials = { realm: domain, username: secret.username, password: secret.password }
  const right = authorize(challenge, credentials, { method: 'REGISTER', uri })!
  t.equal((await app.ask('REGISTER', uri, { headers: { Authorization: right } })).status, 200)
  const again = await app.ask('REGISTER', uri, { headers: { Authorization: right } })
  t.equal(again.status, 401, 'a second time')
  t.match(again.header('WWW-Authenticate'), /stale=true/)
  t.equal((await app.ask('INVITE', `sip:${line.number}@${domain}`, { body: app.sdp, headers: { Contact: app.contact, Authorization: right } })).status, 401, 'for another method')
  const made = challenge.replace(/nonce="[^"]+"/, 'nonce="AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"')
  t.equal((await app.ask('REGISTER', uri, { headers: { Authorization: authorize(made, credentials, { method: 'REGISTER', uri })! } })).status, 401, 'with a nonce of one\'s own')
  const foreign = await handOut(await play.line({ courier: { phone: '+46701740652' }, customer: { phone: '+46701740653' } }))
  t.equal((await app.ask('INVITE', `sip:${line.number}@${domain}`, { body: app.sdp, headers: { Contact: app.contact }, secret: foreign })).status, 480, 'another account does not reach this line')
})

t.test('registrations are bounded, and go where they came from', async (t) => {
  const { line, secret, app } = await ready(t)
  t.match((await app.register(secret, { Expires: 10 })).text, /423[^]*Min-Expires: 60/)
  t.match((await app.register(secret, { Expires: 99999 })).header('Contact'), /expires=600$/)
  t.equal((await app.register(secret, { Contact: '<sip:a@127.0.0.9:5999>, <sip:b@127.0.0.9>' })).status, 400, 'one phone')
  t.equal((await app.register(secret, { Contact: '<tel:+46701740699>' })).status, 400)
  t.equal((await app.register(secret, { Contact: `<sip:${secret.username}.9@127.0.0.9:5999>` })).status, 200)
  const call = play.customer.call(line.number, { via: play.via })
  const invite = await app.called()
  t.match(invite.text, /^INVITE sip:demo-[a-z]{20}\.9@127\.0\.0\.9:5999 SIP/, 'the address in Contact is only what it is called by')
  app.respond(invite, 486)
  t.equal((await call.refused()).status, 486)
})

t.test('two phones with one and the same private address are told apart by their accounts', async (t) => {
  const [one, two] = [await ready(t, 'tcp'), await ready(t, 'tcp')]
  for (const { app, secret } of [one, two]) t.equal((await app.register(secret)).status, 200)
  const port = /:(\d+);/.exec(two.app.contact)![1]!
  const foreign = [`<sip:app@${appAddress}:${port}>`, `<sip:${two.secret.username}@${appAddress}:${port}>`, `<sip:${one.secret.username}x@${appAddress}>`, `<sip:${appAddress}>`, `<sip:${courierNumber}@${appAddress}>`]
  for (const contact of foreign) {
    t.equal((await one.app.register(one.secret, { Contact: contact })).status, 400, contact)
    t.equal((await one.app.register(one.secret, { Contact: contact, Expires: 0 })).status, 400, `${contact} leaves`)
  }
  for (const { line, app } of [two, one]) {
    await play.idle()
    const call = play.customer.call(line.number, { via: play.via })
    app.respond(await app.called(), 486)
    t.equal((await call.refused()).status, 486)
  }
  t.equal((await one.app.register(one.secret, { Contact: `<sip:${one.secret.username}-0x1f@${appAddress}:${port}>` })).status, 200, 'some phones add to the name')
})

t.test('who asks what is registered is told, and nobody else', async (t) => {
  const { secret, app } = await ready(t)
  const asked = (who?: Secret): ReturnType<AppPhone['ask']> => app.ask('REGISTER', `sip:${domain}`, who === undefined ? {} : { secret: who })
  const nothing = await asked(secret)
  t.same([nothing.status, nothing.header('Contact')], [200, ''], 'nothing yet')
  await app.register(secret, { Contact: `<sip:${secret.username}.canary@192.0.2.7:5999;ob>;expires=120` })
  const [, uri, left] = /^<([^>]+)>;expires=(\d+)$/.exec((await asked(secret)).header('Contact')) ?? []
  t.equal(uri, `sip:${secret.username}.canary@192.0.2.7:5999;ob`)
  t.ok(Number(left) > 0 && Number(left) <= 120, `for ${left} s yet`)
  t.match((await asked(secret)).header('Contact'), uri!, 'asking changes nothing')
  const stranger = await asked()
  t.same([stranger.status, stranger.header('Contact')], [401, ''])
  t.equal((await asked(await handOut(await freshLine(play)))).header('Contact'), '', 'nor another account')
  await app.register(secret, { Contact: '*', Expires: 0 })
  t.equal((await asked(secret)).header('Contact'), '', 'and nothing once it has left')
})

for (const protocol of ['tcp', 'tls'] as const) {
  t.test(`a stranger over ${protocol} is cut off, an app is not`, { skip }, async (t) => {
    const [{ line, secret, app }, stranger] = [await ready(t, protocol), await phone(t, protocol)]
    t.equal((await app.register(secret)).status, 200)
    stranger.raw('\r\n\r\n')
    stranger.raw(`OPTIONS sip:${domain} SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: scan\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`)
    await stranger.ended
    t.same(stranger.seen, [], 'without a word')
    const call = play.customer.call(line.number, { via: play.via })
    app.respond(await app.called(), 486)
    t.equal((await call.refused()).status, 486, 'the app is rung over the connection that it came with')
  })
}

t.test('nobody registers where they do not hear, nor at a carrier', { skip }, async (t) => {
  const { line, secret, app } = await ready(t)
  const uri = `sip:${domain}`
  const credentials = { realm: domain, username: secret.username, password: secret.password }
  const elsewhere = await AppPhone.open('udp', play.sipPort, { address: '127.0.0.4' })
  const carrier = await AppPhone.open('udp', play.sipPort, { address: '127.0.0.1' })
  t.teardown(async () => { for (const one of [elsewhere, carrier]) await one.close() })
  app.user = elsewhere.user = secret.username
  // A courier who writes another sender into a datagram has heard the challenge at home.
  const challenge = (await app.ask('REGISTER', uri)).header('WWW-Authenticate')
  const right = authorize(challenge, credentials, { method: 'REGISTER', uri })!
  const forged = await elsewhere.ask('REGISTER', uri, { headers: { Contact: elsewhere.contact, Authorization: right } })
  t.equal(forged.status, 401)
  t.match(forged.header('WWW-Authenticate'), /stale=true/, 'a phone that has moved tries again')
  t.equal((await app.ask('REGISTER', uri, { headers: { Contact: app.contact, Authorization: right } })).status, 200, 'where it was heard it is good')
  t.equal((await elsewhere.register(secret)).status, 200)
  t.equal((await carrier.register(secret, { Contact: `<sip:${secret.username}@127.0.0.1>` })).status, 403, 'what goes to a carrier is dialled there')
  const call = play.customer.call(line.number, { via: play.via })
  elsewhere.respond(await elsewhere.called(), 486)
  t.equal((await call.refused()).status, 486)
})

t.test('strangers who do not know the domain are not heard', { skip }, async (t) => {
  const app = await phone(t)
  const before = dropped()
  const via = `Via: SIP/2.0/UDP ${appAddress}:${app.port};branch=z9hG4bKx;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: scan\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n`
  for (const line of ['OPTIONS sip:127.0.0.1 SIP/2.0', 'REGISTER sip:127.0.0.1 SIP/2.0', 'INVITE sip:100@127.0.0.1 SIP/2.0', `OPTIONS sip:${domain} SIP/2.0`, `BYE sip:${domain} SIP/2.0`, `MESSAGE sip:a@${domain} SIP/2.0`]) {
    app.raw(`${line}\r\n${via}CSeq: 1 ${line.split(' ')[0]}\r\n\r\n`)
  }
  await sleep(300)
  t.equal(app.heard.length, 0)
  t.equal(dropped() - before, 6)
})

t.test('nothing of it is in the log or in Redis in clear', async (t) => {
  const { secret, app } = await ready(t)
  t.equal((await app.register(secret, { 'User-Agent': 'canaryagent' })).status, 200)
  await sleep(1100)
  const files = filesBelow(play.config.dataDir).map(({ bytes }) => bytes.toString('latin1')).join('\n')
  for (const word of [secret.password, 'canaryagent', 'canarysubject', appAddress, 'Canary Tamm', courierNumber.slice(1), customerNumber.slice(1)]) {
    t.notOk(files.includes(word), `${word} in a file`)
    t.notOk(play.logged().includes(word), `${word} in the log`)
  }
  t.notOk(play.logged().includes(secret.username))
  await play.idle()
})

// The last: afterwards this address has to wait.
t.test('a flood of wrong ones is turned away, and right ones still get through', async (t) => {
  const { line, secret, app } = await ready(t)
  const uri = `sip:${domain}`
  const challenge = (await app.ask('REGISTER', uri)).header('WWW-Authenticate')
  const statuses = new Set<number>()
  for (let tries = 0; tries < 80; tries++) statuses.add((await app.ask('REGISTER', uri)).status)
  t.strictSame([...statuses].sort(), [401, 403])
  const right = authorize(challenge, { realm: domain, username: secret.username, password: secret.password }, { method: 'REGISTER', uri })!
  t.equal((await app.ask('REGISTER', uri, { headers: { Authorization: right } })).status, 200)
  t.ok(line)
})
