import t, { type Test } from 'tap'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { createResponse, Guests, parseMessage, responseTarget, serialize, SipTransport, type Remote, type SipMessage, type SipParseError, type SipRequest, type TransportLimits, type TransportOptions } from '../../../../src/embedded/sip/index.js'
import { rawRequest } from '../support/messages.js'
import { until } from '../support/until.js'

interface Seen {
  readonly transport: SipTransport
  readonly messages: { message: SipMessage; from: Remote }[]
  readonly malformed: { error: SipParseError; from: Remote }[]
  /** Waits for the next message or malformed bytes. */
  readonly next: () => Promise<void>
}

async function listen(t: Test, limits: TransportLimits = {}, options: Partial<TransportOptions> = {}): Promise<Seen> {
  const transport = await SipTransport.listen({ host: '127.0.0.1', port: 0, limits, ...options })
  t.teardown(() => transport.close())
  const waiting: (() => void)[] = []
  const wake = (): void => { for (const go of waiting.splice(0)) go() }
  const seen: Seen = { transport, messages: [], malformed: [], next: () => new Promise((resolve) => { waiting.push(resolve) }) }
  transport.use({
    onMessage: (message, from) => { seen.messages.push({ message, from }); wake() },
    onMalformed: (error, from) => { seen.malformed.push({ error, from }); wake() }
  })
  return seen
}

t.test('one port for UDP and TCP, and a taken one says so', async (t) => {
  const { transport } = await listen(t)
  await t.rejects(SipTransport.listen({ host: '127.0.0.1', port: transport.port }), { code: 'EADDRINUSE' })
  const udp = createSocket('udp4')
  t.teardown(() => udp.close())
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  await t.rejects(SipTransport.listen({ host: '127.0.0.1', port: udp.address().port }), { code: 'EADDRINUSE' }, 'also when only UDP is taken')
})

t.test('a datagram comes with where it came from, and the answer goes there', async (t) => {
  const { transport, messages, next } = await listen(t)
  const peer = createSocket('udp4')
  t.teardown(() => peer.close())
  peer.bind(0, '127.0.0.1')
  await once(peer, 'listening')
  const arrived = next()
  peer.send(serialize(rawRequest({ via: 'SIP/2.0/UDP 192.0.2.7:5099;branch=z9hG4bKx;rport' })), transport.port, '127.0.0.1')
  await arrived
  const { message, from } = messages[0]!
  t.same(from, { protocol: 'udp', address: '127.0.0.1', port: peer.address().port })
  t.equal(message.headers.get('via'), `SIP/2.0/UDP 192.0.2.7:5099;branch=z9hG4bKx;rport=${from.port};received=127.0.0.1`)
  const answer = once(peer, 'message')
  transport.send(serialize(createResponse(message as SipRequest, 200)), responseTarget(message.via, from))
  const [data] = await answer as [Buffer]
  t.match(parseMessage(data), { status: 200 })
})

t.test('without rport a response goes to the port in Via (RFC 3261 §18.2.2)', async (t) => {
  const via = (text: string): ReturnType<typeof responseTarget> => responseTarget(rawRequest({ via: text }).via, { protocol: 'udp', address: '192.0.2.1', port: 40_000 })
  t.same(via('SIP/2.0/UDP h:5070;branch=z'), { protocol: 'udp', address: '192.0.2.1', port: 5070 })
  t.same(via('SIP/2.0/UDP h;branch=z'), { protocol: 'udp', address: '192.0.2.1', port: 5060 })
  t.same(via('SIP/2.0/UDP h:5070;branch=z;rport'), { protocol: 'udp', address: '192.0.2.1', port: 40_000 })
  const tcp = responseTarget(rawRequest({ via: 'SIP/2.0/TCP h:5070;branch=z' }).via, { protocol: 'tcp', address: '192.0.2.1', port: 40_000, connection: 3 })
  t.same(tcp, { protocol: 'tcp', address: '192.0.2.1', port: 5070, connection: 3 }, 'on a stream: the connection, else a new one there')
})

t.test('keep-alives and other crumbs are nothing', async (t) => {
  const { transport, messages, malformed, next } = await listen(t)
  const peer = createSocket('udp4')
  t.teardown(() => peer.close())
  for (const crumb of ['\r\n\r\n', '\0\0\0\0', '', 'x']) peer.send(crumb, transport.port, '127.0.0.1')
  const arrived = next()
  peer.send(serialize(rawRequest()), transport.port, '127.0.0.1')
  await arrived
  t.equal(messages.length, 1)
  t.equal(malformed.length, 0)
})

async function dial(t: Test, port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

t.test('TCP: byte by byte, pings, and the answer on the same connection', async (t) => {
  const { transport, messages, next } = await listen(t)
  const socket = await dial(t, transport.port)
  const pong = once(socket, 'data')
  socket.write('\r\n\r\n')
  t.equal(String((await pong as [Buffer])[0]), '\r\n')
  const arrived = next()
  for (const byte of serialize(rawRequest({ via: 'SIP/2.0/TCP h:9;branch=z9hG4bKt', body: 'x' }))) socket.write(Buffer.from([byte]))
  await arrived
  const { message, from } = messages[0]!
  t.equal(from.protocol, 'tcp')
  const answer = once(socket, 'data')
  transport.send(serialize(createResponse(message as SipRequest, 200)), responseTarget(message.via, from))
  t.match(parseMessage((await answer as [Buffer])[0]), { status: 200 })
  t.equal(transport.connections, 1)
})

t.test('TCP: two ways over one connection that we opened', async (t) => {
  const [a, b] = [await listen(t), await listen(t)]
  const to: Remote = { protocol: 'tcp', address: '127.0.0.1', port: b.transport.port }
  for (let count = 1; count <= 3; count++) {
    const arrived = b.next()
    a.transport.send(serialize(rawRequest()), to)
    await arrived
  }
  t.equal(a.transport.connections, 1)
  const back = a.next()
  b.transport.send(serialize(rawRequest()), { protocol: 'tcp', address: '127.0.0.1', port: b.messages[0]!.from.port })
  await back
  t.equal(b.transport.connections, 1, 'a request to its address and port uses it too')
})

t.test('TCP: a stream that goes wrong is answered as far as it can be, then closed', async (t) => {
  const { transport, malformed, next } = await listen(t)
  const socket = await dial(t, transport.port)
  const arrived = next()
  const closed = once(socket, 'close')
  const bytes = serialize(rawRequest()).toString('latin1').replace(/Content-Length: 0\r\n/, '')
  socket.write(bytes, 'latin1')
  await arrived
  t.equal(malformed[0]!.error.code, 'content_length')
  t.match(malformed[0]!.error.reply, { method: 'OPTIONS' })
  socket.end()
  await closed
  t.pass('closed')
})

t.test('TCP: connections are limited and silent ones end', async (t) => {
  const { transport } = await listen(t, { connections: 2, idleMs: 150 })
  const kept = [await dial(t, transport.port), await dial(t, transport.port)]
  const third = await dial(t, transport.port)
  await once(third, 'close')
  t.equal(transport.connections, 2, 'the third is refused')
  await Promise.all(kept.map((socket) => once(socket, 'close')))
  await until('both are gone', () => transport.connections === 0)
})

t.test('TCP: what cannot be delivered is reported once', async (t) => {
  const { transport } = await listen(t)
  const nobody = createServer().listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const { port } = nobody.address() as { port: number }
  nobody.close()
  await once(nobody, 'close')
  let calls = 0
  await new Promise<void>((resolve) => {
    transport.send(serialize(rawRequest()), { protocol: 'tcp', address: '127.0.0.1', port }, () => { calls++; resolve() })
  })
  await until('the connection is gone', () => transport.connections === 0)
  t.equal(calls, 1)
})

t.test('TCP: a peer that does not read loses its connection, not our memory', async (t) => {
  const { transport, messages, next } = await listen(t, { writeBytes: 200_000 })
  const socket = await dial(t, transport.port)
  const arrived = next()
  socket.write(serialize(rawRequest()))
  await arrived
  socket.pause()
  const big = serialize(rawRequest({ body: 'x'.repeat(60_000) }))
  const failed = new Promise<void>((resolve) => {
    for (let count = 0; count < 400; count++) transport.send(big, { ...messages[0]!.from, port: 9 }, () => resolve())
  })
  await failed
  socket.resume()
  await once(socket, 'close')
  t.pass('closed')
})

/** The address of no trunk. */
const elsewhere = '127.0.0.2'
const guarded = { admits: (address: string): boolean => address === '127.0.0.1', guests: new Guests('sip.example') }
const begins = (line: string): Buffer => {
  const usual = serialize(rawRequest({ via: 'SIP/2.0/TCP h:9;branch=z9hG4bKt' })).toString('latin1')
  return Buffer.from(usual.replace(/^[^\r]*/, line).replace(/(?<=CSeq: \d+ )\w+/, line.split(' ')[0]!), 'latin1')
}

t.test('TCP: a stranger hears nothing and is cut off at the first message that is not for us', async (t) => {
  const { transport, messages, malformed } = await listen(t, {}, guarded)
  for (const [what, bytes] of [['a request', begins('OPTIONS sip:127.0.0.1 SIP/2.0')], ['for another domain', begins('REGISTER sip:other.example SIP/2.0')], ['a method that begins nothing', begins('OPTIONS sip:sip.example SIP/2.0')], ['no SIP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]] as const) {
    const socket = await dial(t, transport.port, elsewhere)
    const heard: Buffer[] = []
    socket.on('data', (data) => heard.push(data))
    socket.write('\r\n\r\n')
    socket.write(bytes)
    await once(socket, 'close')
    t.same(heard, [], what)
  }
  await until('all are gone', () => transport.connections === 0)
  t.equal(messages.length + malformed.length, 0)
  t.equal(transport.dropped, 4)
})

t.test('TCP: a response of a stranger is read, because a gateway may have moved, and keeps nothing open', async (t) => {
  const { transport, messages } = await listen(t, {}, guarded)
  const socket = await dial(t, transport.port, elsewhere)
  socket.write(serialize(createResponse(rawRequest(), 200)))
  await once(socket, 'close')
  t.match(messages, [{ message: { status: 200 } }])
})

t.test('TCP: who has begun with a request to our domain keeps the connection, and so does a trunk', async (t) => {
  const { transport, messages, next } = await listen(t, {}, guarded)
  const [guest, trunk] = [await dial(t, transport.port, elsewhere), await dial(t, transport.port)]
  let [arrived, pong] = [next(), once(guest, 'data')]
  guest.write(begins('REGISTER sip:sip.example SIP/2.0'))
  await arrived
  guest.write('\r\n\r\n')
  t.equal(String((await pong as [Buffer])[0]), '\r\n', 'keep-alives are answered from then on')
  guest.write(begins('OPTIONS sip:sip.example SIP/2.0'))
  await until('what begins nothing is dropped', () => transport.dropped === 1)
  pong = once(trunk, 'data')
  trunk.write('\r\n\r\n')
  await pong
  arrived = next()
  trunk.write(begins('OPTIONS sip:127.0.0.1 SIP/2.0'))
  await arrived
  arrived = next()
  guest.write(begins('INVITE sip:a@sip.example SIP/2.0'))
  await arrived
  t.equal(messages.length, 3)
  t.equal(transport.connections, 2, 'both are still there')
})

t.test('TCP: a stranger that says nothing does not stay', async (t) => {
  const { transport } = await listen(t, { strangerMs: 50 }, guarded)
  await once(await dial(t, transport.port, elsewhere), 'close')
  await until('it is gone', () => transport.connections === 0)
})

t.test('TLS: without accounts whoever has no trunk is cut off after the handshake, and nothing else happens', async (t) => {
  const { transport } = await listen(t, {}, { admits: guarded.admits, tls: { port: 0, ...certificate() } })
  for (let count = 1; count <= 2; count++) {
    const plain = await dial(t, transport.tlsPort!, elsewhere)
    const socket = connectTls({ socket: plain, rejectUnauthorized: false })
    socket.on('error', () => undefined)
    await once(socket, 'close')
    t.equal(transport.dropped, count)
  }
  t.equal(transport.connections, 0)
})

/** One that nobody has signed. */
function certificate(): { cert: Buffer, key: Buffer } {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-tls-'))
  try {
    const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=sip.example', '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { cert: readFileSync(cert), key: readFileSync(key) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
