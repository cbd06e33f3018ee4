import t, { type Test } from 'tap'
import fc from 'fast-check'
import { createSocket, type Socket as Udp } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createResponse, serialize, startSipServer, type EmbeddedSipServer, type SipRequest } from '../../../src/embedded/sip/index.js'
import { createLog } from '../../../src/telemetry/log.js'
import { connectApp, nothingLeft, sdp, secret, startServer, type SrfDialog } from './support/app.js'
import { rawRequest } from './support/messages.js'
import { until } from './support/until.js'

// Tests here mostly wait; they do not disturb each other.
t.jobs = 4

const options = { host: '127.0.0.1', port: 0, admin: { host: '127.0.0.1', port: 0, secret }, log: createLog('silent') }

/** A socket that takes down what comes, as text: some of it answers what is no SIP. */
async function phone(t: Test): Promise<{ udp: Udp; port: number; got: string[] }> {
  const udp = createSocket('udp4')
  t.teardown(() => udp.close())
  const got: string[] = []
  udp.on('message', (data) => got.push(data.toString('latin1')))
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  return { udp, port: udp.address().port, got }
}

/** Whether it still does its work: an OPTIONS without an application gets 503. */
async function alive(t: Test, server: EmbeddedSipServer): Promise<void> {
  const { udp, got } = await phone(t)
  udp.send(serialize(rawRequest()), server.sipPort, '127.0.0.1')
  await until('the server answers', () => got.length > 0)
  t.match(got[0], /^SIP\/2\.0 503 /, 'it is alive')
}

t.test('where it listens and what it refuses', async (t) => {
  const server = await startServer(t)
  t.equal(server.adminUrl, `drachtio://:sixteen%20characters%20or%20more@127.0.0.1:${server.adminPort}`)
  await t.rejects(startSipServer({ ...options, port: server.sipPort }), { code: 'EADDRINUSE' })
  await t.rejects(startSipServer({ ...options, admin: { ...options.admin, port: server.adminPort } }), { code: 'EADDRINUSE' })
  await t.rejects(startSipServer({ ...options, admin: { ...options.admin, secret: 'fifteen letters' } }), { name: 'RangeError' })
  await t.rejects(startSipServer({ ...options, admin: { ...options.admin, secret: 'sixteen|characters' } }), { name: 'RangeError' })
  await t.rejects(startSipServer({ ...options, admin: { ...options.admin, host: '0.0.0.0' } }), { name: 'RangeError' })
  t.same(server.stats(), { transactions: 0, dialogs: 0, connections: 0, timers: 0 })
})

t.test('a failed start leaves no port behind', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.teardown(() => holder.close())
  const free = createSocket('udp4')
  free.bind(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  free.close()
  await once(free, 'close')
  await t.rejects(startSipServer({ ...options, port, admin: { ...options.admin, port: (holder.address() as { port: number }).port } }), { code: 'EADDRINUSE' })
  const server = await startSipServer({ ...options, port })
  t.equal(server.sipPort, port)
  await server.close()
  await server.close()
})

t.test('malformed requests get 400 where a reply can be made, and silence elsewhere', async (t) => {
  const server = await startServer(t)
  const { udp, got } = await phone(t)
  const send = (change: (text: string) => string): void => {
    udp.send(Buffer.from(change(serialize(rawRequest({ method: 'INVITE' })).toString('latin1')), 'latin1'), server.sipPort, '127.0.0.1')
  }
  const answered: [string, (text: string) => string][] = [
    ['two spaces', (text) => text.replace('INVITE sip', 'INVITE  sip')], ['no URI', (text) => text.replace(/INVITE \S+/, 'INVITE h')],
    ['a number that is none', (text) => text.replace('CSeq: 1 ', 'CSeq: x ')], ['the wrong method', (text) => text.replace('1 INVITE', '1 OPTIONS')],
    ['too much promised', (text) => text.replace('Content-Length: 0', 'Content-Length: 10')], ['a header without a name', (text) => text.replace('\r\nMax', '\r\n: x\r\nMax')],
    ['two From', (text) => text.replace('\r\nTo', '\r\nFrom: <sip:x@h>;tag=2\r\nTo')], ['a zero byte', (text) => text.replace('\r\nMax', '\r\nX: a\0b\r\nMax')],
    ['a bare LF', (text) => text.replace('\r\nMax', '\r\nX: a\nY: b\r\nMax')], ['no blank line', (text) => text.slice(0, -4)]
  ]
  for (const [name, change] of answered) {
    got.length = 0
    send(change)
    await until(name, () => got.length > 0)
    t.match(got[0], /^SIP\/2\.0 400 Bad Request\r\n/, name)
  }
  got.length = 0
  send((text) => text.replace('SIP/2.0\r\n', 'SIP/3.0\r\n'))
  await until('505', () => got.length > 0)
  t.match(got[0], /^SIP\/2\.0 505 /)
  got.length = 0
  for (const change of [
    (text: string) => text.replace(/Via: .*\r\n/, ''), (text: string) => text.replace(/Call-ID: .*\r\n/, ''), (text: string) => text.replaceAll('INVITE', 'ACK').replace('Content-Length: 0', 'Content-Length: 9'),
    (text: string) => text.replace(/INVITE .* SIP/, 'SIP/2.0 200 OK'), () => 'hello', () => '\0\0\0\0\0\0'
  ]) send(change)
  await alive(t, server)
  t.same(got, [])
  t.same(server.stats(), { transactions: 1, dialogs: 0, connections: 0, timers: 1 }, 'nothing but the OPTIONS is remembered')
})

t.test('no bytes stop it, on UDP or TCP', async (t) => {
  const server = await startServer(t)
  const { udp } = await phone(t)
  const good = serialize(rawRequest({ method: 'INVITE', headers: [['Contact', '<sip:a@127.0.0.1>'], ['Route', '<sip:p;lr>']], body: 'v=0' }))
  const messages = fc.sample(fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(fc.nat(good.length), fc.uint8Array({ maxLength: 6 }), fc.nat(6)).map(([at, bytes, cut]) => Buffer.concat([good.subarray(0, at), Buffer.from(bytes), good.subarray(at + cut)]))
  ), { numRuns: 1_000, seed: 7 })
  for (const message of messages) udp.send(message, server.sipPort, '127.0.0.1')
  for (const message of messages.slice(0, 100)) {
    const socket = connect(server.sipPort, '127.0.0.1').on('error', () => undefined)
    socket.end(message)
    socket.resume()
    await once(socket, 'close')
  }
  await alive(t, server)
  await nothingLeft(t, server)
  await until('connections are gone', () => server.stats().connections === 0)
})

t.test('it takes no more than its limits', async (t) => {
  const server = await startServer(t, { limits: { transactions: 20 } })
  await connectApp(t, server, (app) => app.invite(() => undefined))
  const { udp, got, port } = await phone(t)
  for (let count = 0; count < 200; count++) {
    const request = rawRequest({ method: count % 2 === 0 ? 'INVITE' : 'BYE', headers: [['Contact', `<sip:127.0.0.1:${port}>`]], ...(count % 2 === 0 ? {} : { toTag: 'x' }) })
    udp.send(serialize(request), server.sipPort, '127.0.0.1')
  }
  await until('it says so', () => got.some((text) => text.startsWith('SIP/2.0 503 ')))
  t.match(got.find((text) => text.startsWith('SIP/2.0 503 ')), /\r\nRetry-After: 5\r\n/)
  t.ok(server.stats().transactions <= 40)
  await nothingLeft(t, server)
})

t.test('a whole call over TCP in crumbs', async (t) => {
  const server = await startServer(t)
  let dialog: SrfDialog | undefined
  const app = await connectApp(t, server, (one) => one.invite((request, response) => {
    void app.createUAS(request, response, { localSdp: sdp }).then((made) => { dialog = made })
  }))
  const socket = connect(server.sipPort, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => { text += chunk.toString() })
  await once(socket, 'connect')
  const say = async (request: SipRequest): Promise<void> => {
    const bytes = serialize(request)
    for (let at = 0; at < bytes.length; at += 7) {
      socket.write(bytes.subarray(at, at + 7))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const via = (): string => `SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${Math.random().toString(36).slice(2)}`
  const contact: [string, string][] = [['Contact', '<sip:a@127.0.0.1:9;transport=tcp>']]
  const common = { callId: 'crumbs', fromTag: 'f' }
  await say(rawRequest({ method: 'INVITE', via: via(), headers: contact, ...common, body: sdp }))
  await until('the answer is there', () => text.includes('a=sendrecv'))
  const toTag = /200 OK[^]*?\r\nTo: .*;tag=(\w+)/.exec(text)![1]!
  await say(rawRequest({ method: 'ACK', via: via(), ...common, toTag }))
  await until('the call is up', () => dialog !== undefined)
  await say(rawRequest({ method: 'BYE', via: via(), ...common, toTag, cseq: 2 }))
  await until('it is over', () => text.includes('CSeq: 2 BYE'))
  t.match(text, /SIP\/2\.0 100 Trying/)
  t.equal(server.stats().connections, 1)
  await nothingLeft(t, server)
})

t.test('closing says goodbye to calls and to callers who wait', async (t) => {
  const server = await startServer(t)
  let asked = 0
  const app = await connectApp(t, server, (one) => one.invite((request, response) => {
    if (asked++ === 0) void app.createUAS(request, response, { localSdp: sdp }).catch(() => undefined)
  }))
  const { udp, got, port } = await phone(t)
  const invite = (callId: string): Buffer => serialize(rawRequest({ method: 'INVITE', callId, fromTag: callId, headers: [['Contact', `<sip:127.0.0.1:${port}>`]] }))
  udp.send(invite('talks'), server.sipPort, '127.0.0.1')
  await until('it is answered', () => got.some((text) => text.startsWith('SIP/2.0 200 ')))
  const toTag = /To: .*;tag=(\w+)/.exec(got.find((text) => text.startsWith('SIP/2.0 200 '))!)![1]!
  udp.send(serialize(rawRequest({ method: 'ACK', callId: 'talks', fromTag: 'talks', toTag })), server.sipPort, '127.0.0.1')
  udp.send(invite('waits'), server.sipPort, '127.0.0.1')
  await until('both are there', () => asked === 2)
  await server.close()
  await until('both are told', () => got.some((text) => text.startsWith('BYE ')) && got.some((text) => text.startsWith('SIP/2.0 503 ')))
  t.same(server.stats(), { transactions: 0, dialogs: 0, connections: 0, timers: 0 })
})

t.test('copies of a request are one request; the answer to the first serves all', async (t) => {
  const server = await startServer(t)
  let asked = 0
  await connectApp(t, server, (app) => app.message((_request, response) => {
    asked++
    response.send(202)
  }))
  const { udp, got } = await phone(t)
  const bytes = serialize(rawRequest({ method: 'MESSAGE', headers: [['Content-Type', 'text/plain']], body: 'x' }))
  for (let copy = 0; copy < 3; copy++) udp.send(bytes, server.sipPort, '127.0.0.1')
  await until('there is an answer', () => got.length > 0)
  udp.send(bytes, server.sipPort, '127.0.0.1')
  await until('and another to the copy', () => got.length > 1)
  t.equal(asked, 1)
  t.equal(new Set(got).size, 1, 'to the byte')
})

t.test('what the log says holds no message and nobody’s number', async (t) => {
  const lines: string[] = []
  const log = createLog('trace', { write: (line: string) => { lines.push(line) } })
  const server = await startServer(t, { log })
  const app = await connectApp(t, server, (one) => one.invite((request, response) => response.send(486, { headers: { 'X-Who': request.get('From') } })))
  const { udp, got, port } = await phone(t)
  udp.send(serialize(rawRequest({ method: 'INVITE', headers: [['Contact', `<sip:127.0.0.1:${port}>`]] })), server.sipPort, '127.0.0.1')
  await until('it is refused', () => got.some((text) => text.startsWith('SIP/2.0 486 ')))
  udp.send(serialize(createResponse(rawRequest(), 200)), server.sipPort, '127.0.0.1')
  app.disconnect()
  await until('the log tells', () => lines.some((line) => line.includes('sip.app.gone')))
  t.notMatch(lines.join(''), /\+4|sip:|INVITE/)
})
