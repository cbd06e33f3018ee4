import t, { type Test } from 'tap'
import { createSocket, type Socket as Udp } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseMessage, serialize, type EmbeddedSipServer, type SipRequest, type SipResponse } from '../../../../src/embedded/sip/index.js'
import { frame, FrameReader } from '../../../../src/embedded/sip/drachtio/framing.js'
import { secret, startServer } from '../support/app.js'
import { rawRequest, type RequestParts } from '../support/messages.js'
import { until } from '../support/until.js'

// The tests that wait do not disturb the others.
t.jobs = 4

/** The protocol itself, byte by byte, without drachtio-srf. */
class Client {
  readonly frames: { tokens: string[]; message: Buffer }[] = []
  closed = false
  readonly #reader = new FrameReader()

  constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      for (const payload of this.#reader.push(chunk)) {
        const end = payload.indexOf('\r\n')
        const leader = payload.toString('utf8', 0, end === -1 ? payload.length : end)
        this.frames.push({ tokens: leader.split('|'), message: end === -1 ? Buffer.alloc(0) : payload.subarray(end + 2) })
      }
    })
    socket.on('error', () => undefined).on('close', () => { this.closed = true })
  }

  raw(text: string | Buffer): void {
    this.socket.write(text)
  }

  send(id: string, rest: string, message?: string): void {
    this.raw(frame(`${id}|${rest}`, message === undefined ? undefined : Buffer.from(message)))
  }

  /** The reply to a message of ours: `OK`, `NO` or `NOK` and what follows. */
  async reply(id: string): Promise<{ data: string[]; message: Buffer }> {
    const found = (): { tokens: string[]; message: Buffer } | undefined => this.frames.find(({ tokens }) => tokens[1] === 'response' && tokens[2] === id)
    await until(`a reply to ${id}`, () => found() !== undefined)
    return { data: found()!.tokens.slice(3), message: found()!.message }
  }

  async event(method: string): Promise<{ tokens: string[]; message: Buffer }> {
    const found = (): { tokens: string[]; message: Buffer } | undefined => this.frames.find(({ tokens, message }) => tokens[1] === 'sip' && message.toString().startsWith(method))
    await until(`an event ${method}`, () => found() !== undefined)
    return found()!
  }
}

async function open(t: Test, server: EmbeddedSipServer): Promise<Client> {
  const socket = connect(server.adminPort, '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return new Client(socket)
}

async function login(t: Test, server: EmbeddedSipServer, ...routes: string[]): Promise<Client> {
  const client = await open(t, server)
  client.send('auth', `authenticate|${secret}|`)
  await client.reply('auth')
  for (const route of routes) client.send(route, `route|${route}`)
  for (const route of routes) await client.reply(route)
  return client
}

async function phone(t: Test): Promise<{ udp: Udp; port: number; got: (SipRequest | SipResponse)[] }> {
  const udp = createSocket('udp4')
  t.teardown(() => udp.close())
  const got: (SipRequest | SipResponse)[] = []
  udp.on('message', (data) => got.push(parseMessage(data)))
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  return { udp, port: udp.address().port, got }
}

const invite = (port: number, parts: RequestParts = {}): SipRequest => rawRequest({ method: 'INVITE', headers: [['Contact', `<sip:127.0.0.1:${port}>`]], ...parts })

t.test('authenticate, ping, route', async (t) => {
  const server = await startServer(t)
  const client = await open(t, server)
  client.send('a', `authenticate|${secret}|tag`)
  const { data } = await client.reply('a')
  t.equal(data[0], 'OK')
  t.equal(data[1], `udp/127.0.0.1:${server.sipPort},tcp/127.0.0.1:${server.sipPort}`)
  t.match(data[2], /^v0\.9\.\d+/)
  client.send('p', 'ping')
  t.same((await client.reply('p')).data, ['OK', 'pong'])
  for (const [at, command] of ['route|invite', 'route|cdr:start', 'remove_route|invite'].entries()) {
    client.send(`c${at}`, command)
    t.same((await client.reply(`c${at}`)).data, ['OK'])
  }
  client.send('x', 'proxy|txn||||serial|||sip:h', 'INVITE sip:h SIP/2.0\r\n\r\n')
  t.same((await client.reply('x')).data, ['NOK', 'not supported'])
})

t.test('a wrong secret, no secret and nonsense end the connection', async (t) => {
  const server = await startServer(t)
  const cases: [string, string][] = [
    ['authenticate|wrong|', 'incorrect secret'], [`authenticate|${secret}x|`, 'incorrect secret'], ['authenticate||', 'incorrect secret'],
    ['route|invite', 'not authenticated'], ['sip||', 'not authenticated'], ['ping', 'not authenticated']
  ]
  for (const [text, reason] of cases) {
    const client = await open(t, server)
    client.send('m', text)
    t.same((await client.reply('m')).data, ['NO', reason], text)
    await until('it is closed', () => client.closed)
  }
  const client = await login(t, server)
  client.send('m', 'dance')
  t.same((await client.reply('m')).data, ['NO', 'Unknown message type'])
  for (const bytes of ['x#y', 'GET / HTTP/1.1\r\n']) {
    const garbage = await login(t, server)
    garbage.raw(bytes)
    await until('it is closed', () => garbage.closed)
  }
  const silent = await open(t, server)
  await until('one that says nothing is closed', () => silent.closed)
  t.equal(server.stats().timers, 0)
})

t.test('frames may arrive in any pieces', async (t) => {
  const server = await startServer(t)
  const client = await open(t, server)
  for (const byte of frame(`a|authenticate|${secret}|`)) client.raw(Buffer.from([byte]))
  t.equal((await client.reply('a')).data[0], 'OK')
  client.raw(Buffer.concat([frame('b|ping'), frame('c|ping'), frame('d|ping').subarray(0, 3)]))
  await client.reply('c')
  client.raw(frame('d|ping').subarray(3))
  t.same((await client.reply('d')).data, ['OK', 'pong'])
})

t.test('a request from the network, its answer, and both as they stand on the wire', async (t) => {
  const server = await startServer(t)
  const client = await login(t, server, 'invite')
  const { udp, port, got } = await phone(t)
  const request = invite(port, { body: 'v=0 é', callId: 'c1', fromTag: 'f1' })
  udp.send(serialize(request), server.sipPort, '127.0.0.1')
  const event = await client.event('INVITE')
  const [, verb, source, bytes, protocol, address, from, time, txn, dialog, here, herePort] = event.tokens
  t.same([verb, source, protocol, address, from, dialog, here, herePort], ['sip', 'network', 'udp', '127.0.0.1', String(port), '', '127.0.0.1', String(server.sipPort)])
  t.match(time, /^\d\d:\d\d:\d\d\.\d{6}$/)
  t.equal(Number(bytes), event.message.length)
  t.match(event.message.toString(), /\r\nContent-Length: 6\r\n\r\nv=0 é$/)
  client.send('r1', `sip|${txn}|`, 'SIP/2.0 180 Ringing\r\ncall-id: c1\r\n\r\n')
  t.same((await client.reply('r1')).data.slice(7, 9), [txn, 'c1;from-tag=f1'])
  client.send('r2', `sip|${txn}|`, 'SIP/2.0 200 Fine\r\nto: <sip:x@h>;tag=late\r\nx-Note: é\r\ncontent-length: 1\r\n\r\nv=0')
  const { data, message } = await client.reply('r2')
  t.same([data[0], data[1], data[7], data[8]], ['OK', 'application', txn, 'c1;from-tag=f1'])
  await until('the phone has it', () => got.length === 3)
  const [, ringing, ok] = got as [SipResponse, SipResponse, SipResponse]
  t.equal(serialize(ok).toString(), message.toString(), 'the echo is what was sent')
  t.equal(ok.reason, 'Fine')
  t.equal(ok.toTag, ringing.toTag)
  t.equal(ok.headers.get('content-type'), 'application/sdp')
  t.equal(ok.headers.get('contact'), `<sip:127.0.0.1:${server.sipPort}>`)
  t.equal(ok.headers.get('x-note'), Buffer.from('é').toString('latin1'))
  client.send('r3', `sip|${txn}|`, 'SIP/2.0 486 Busy\r\n\r\n')
  t.same((await client.reply('r3')).data, ['NOK', 'Response not sent due to unknown transaction'])
})

t.test('a request to the network: what is filled in, what is not taken over', async (t) => {
  const server = await startServer(t)
  const client = await login(t, server)
  const { port, got } = await phone(t)
  client.send('q', 'sip||', [
    `INVITE sip:+46701740605@127.0.0.1:${port} SIP/2.0`, 'from: "Shop" <sip:+442079460000@localhost>', 'contact: <sip:+442079460000@localhost>', 'via: SIP/2.0/UDP evil', 'route: <sip:evil>',
    'content-length: 1', '', 'v=0 long'
  ].join('\r\n'))
  const { data, message } = await client.reply('q')
  t.equal(data[0], 'OK')
  t.match(data[7], /^[0-9a-f-]{36}$/, 'the transaction id')
  await until('the phone has it', () => got.length > 0)
  const sent = got[0] as SipRequest
  t.equal(serialize(sent).toString(), message.toString())
  t.match(sent.headers.get('from'), new RegExp(`^"Shop" <sip:\\+442079460000@127\\.0\\.0\\.1:${server.sipPort}>;tag=\\w+$`))
  t.equal(sent.headers.get('contact'), `<sip:+442079460000@127.0.0.1:${server.sipPort}>`)
  t.same(sent.headers.all('via').length, 1)
  t.notOk(sent.headers.has('route'))
  t.notOk(/User-Agent|Server:/i.test(message.toString()))
  t.equal(sent.body.toString(), 'v=0 long')
})

t.test('what is refused, with the words that drachtio-srf knows', async (t) => {
  const server = await startServer(t)
  const client = await login(t, server)
  const request = (line: string, ...headers: string[]): string => [line, ...headers, '', ''].join('\r\n')
  const cases: [string, string, RegExp][] = [
    ['sip|none|', 'SIP/2.0 200 OK\r\n\r\n', /^Response not sent due to unknown transaction$/],
    ['sip|none|', request('CANCEL sip:h SIP/2.0'), /^unable to cancel unknown transaction id: none$/],
    ['sip||none', request('INFO sip:placeholder SIP/2.0'), /^Server error: unable to find dialog/],
    ['sip||none', request('ACK sip:placeholder SIP/2.0'), /^Server error: ACK for non-success final response is automatically generated by server$/],
    ['sip||', request('ACK sip:h SIP/2.0'), /needs a dialog/],
    ['sip||', request('hello'), /start line/],
    ['sip||', request('OPTIONS sip:h:99999 SIP/2.0'), /no sip: address/],
    ['sip||', request(`OPTIONS sip:x@127.0.0.1:${server.sipPort} SIP/2.0`), /^can not send request to myself$/],
    ['sip||', request('OPTIONS sip:127.0.0.1:9 SIP/2.0', 'from: nonsense'), /address/],
    ['sip||', request('OPTIONS sip:127.0.0.1:9 SIP/2.0', 'cseq: 5 INVITE'), /cseq/],
    ['sip||', `${request('MESSAGE sip:127.0.0.1:9 SIP/2.0').slice(0, -2)}\r\ntext`, /^missing content-type$/],
    ['sip||', request('OPTIONS sip:127.0.0.1:9 SIP/2.0', 'X-A: a\0b'), /header_value/]
  ]
  for (const [at, [leader, message, reason]] of cases.entries()) {
    client.send(`m${at}`, leader, message)
    const { data } = await client.reply(`m${at}`)
    t.equal(data[0], 'NOK')
    t.match(data[1], reason)
  }
  t.equal(server.stats().transactions, 0)
  client.send('end', 'sip||', 'SIP/2.0 200 OK\r\n\r\n')
  t.same((await client.reply('end')).data, ['NO', 'transaction id missing'])
  await until('it is closed', () => client.closed)
})

t.test('nobody answers for another application', async (t) => {
  const server = await startServer(t)
  const [mine, other] = [await login(t, server, 'invite'), await login(t, server)]
  const { udp, port } = await phone(t)
  udp.send(serialize(invite(port, { callId: 'c2', fromTag: 'f2' })), server.sipPort, '127.0.0.1')
  const { tokens } = await mine.event('INVITE')
  other.send('steal', `sip|${tokens[8]}|`, 'SIP/2.0 200 OK\r\n\r\n')
  t.equal((await other.reply('steal')).data[0], 'NOK')
  mine.send('ok', `sip|${tokens[8]}|`, 'SIP/2.0 200 OK\r\n\r\n')
  t.equal((await mine.reply('ok')).data[0], 'OK')
  other.send('bye', 'sip||c2;from-tag=f2', 'BYE sip:placeholder SIP/2.0\r\n\r\n')
  t.match((await other.reply('bye')).data[1], /unable to find dialog/)
})

t.test('a response that nobody sent tells the application all the same', async (t) => {
  const server = await startServer(t, { timers: { t1: 10 } })
  const client = await login(t, server)
  client.send('q', 'sip||', 'OPTIONS sip:127.0.0.1:9;transport=tcp SIP/2.0\r\n\r\n')
  const { data } = await client.reply('q')
  const { tokens } = await client.event('SIP/2.0 503')
  t.same([tokens[2], tokens[4], tokens[5], tokens[6], tokens[8], tokens[9]], ['network', 'tcp', '127.0.0.1', '9', data[7], ''])
})

t.test('an explicit next hop', async (t) => {
  const server = await startServer(t)
  const client = await login(t, server)
  const { port, got } = await phone(t)
  for (const proxy of [`127.0.0.1:${port}`, `sip:127.0.0.1:${port}`]) client.send(proxy, `sip|||${proxy}`, 'OPTIONS sip:x@example.com SIP/2.0\r\n\r\n')
  await until('both are there', () => got.length >= 2)
  t.same((got as SipRequest[]).map((request) => request.uri), ['sip:x@example.com', 'sip:x@example.com'])
})

t.test('removing a route removes that one', async (t) => {
  const server = await startServer(t)
  const client = await login(t, server, 'options', 'message')
  client.send('rm', 'remove_route|options')
  await client.reply('rm')
  const { udp, got } = await phone(t)
  udp.send(serialize(rawRequest({ method: 'OPTIONS' })), server.sipPort, '127.0.0.1')
  await until('it is refused', () => got.length > 0)
  t.match(got[0], { status: 503 })
  udp.send(serialize(rawRequest({ method: 'MESSAGE' })), server.sipPort, '127.0.0.1')
  await client.event('MESSAGE')
})
