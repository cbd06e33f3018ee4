import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { Control } from '../../../src/media/rtpengine/control.js'
import { freePort } from '../../support/ports.js'

type Answer = (message: string, reply: (text: string) => void) => void

/** A server whose every reply the test writes. */
async function server(t: Test, answer: Answer): Promise<{ url: string, socket: Socket }> {
  const socket = createSocket('udp4')
  socket.on('message', (data, from: RemoteInfo) => answer(data.toString(), (text) => socket.send(text, from.port, from.address)))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return { url: `udp://127.0.0.1:${socket.address().port}`, socket }
}

function client(t: Test, url: string): Control {
  const control = new Control(url)
  t.teardown(() => control.close())
  return control
}

const cookieOf = (message: string): string => message.split(' ')[0]!

t.test('a reply finds its request by the cookie, in any order', async (t) => {
  const waiting: (() => void)[] = []
  const { url } = await server(t, (message, reply) => {
    const body = message.slice(message.indexOf(' ') + 1)
    waiting.push(() => reply(`${cookieOf(message)} d6:result2:ok4:body${body.length}:${body}e`))
    if (waiting.length === 3) for (const send of waiting.reverse()) send()
  })
  const control = client(t, url)
  const replies = await Promise.all(['one', 'two', 'six'].map((name) => control.request(name, {}, 5000)))
  t.same(replies.map((reply) => reply.body), ['one', 'two', 'six'].map((name) => `d7:command3:${name}e`))
})

t.test('a lost datagram is sent again under the same cookie', async (t) => {
  const cookies: string[] = []
  const { url } = await server(t, (message, reply) => {
    cookies.push(cookieOf(message))
    if (cookies.length === 3) reply(`${cookieOf(message)} d6:result4:ponge`)
  })
  t.same(await client(t, url).request('ping', {}, 10_000), { result: 'pong' })
  t.equal(new Set(cookies).size, 1)
})

t.test('foreign, garbled and late replies are passed over', async (t) => {
  let asked = 0
  const { url } = await server(t, (message, reply) => {
    asked++
    reply('somebody-else d6:result4:ponge')
    reply(`${cookieOf(message)} d6:result`)
    reply(`${cookieOf(message)} li1ee`)
    reply('')
    if (asked === 2) reply(`${cookieOf(message)} d6:result4:ponge`)
  })
  t.same(await client(t, url).request('ping', {}, 10_000), { result: 'pong' })
})

t.test('every way without a reply is media_unavailable', async (t) => {
  const { url: mute } = await server(t, () => undefined)
  await t.rejects(client(t, mute).request('ping', {}, 100), { code: 'media_unavailable', reason: 'timeout' })

  const nobody = client(t, `udp://127.0.0.1:${await freePort()}`)
  await t.rejects(nobody.request('ping', {}, 20_000), { code: 'media_unavailable', reason: 'gone' }, 'a closed port is noticed at once')

  const { url: no } = await server(t, (message, reply) => reply(`${cookieOf(message)} d12:error-reason4:nope6:result5:errore`))
  await t.rejects(client(t, no).request('offer', {}, 5000), { code: 'media_unavailable', reason: 'refused' })

  const closing = client(t, mute)
  const pending = closing.request('ping', {}, 20_000)
  void closing.close()
  await t.rejects(pending, { code: 'media_unavailable' })
  await t.rejects(closing.request('ping', {}, 20_000), { code: 'media_unavailable', reason: 'closed' })

  await t.rejects(client(t, 'udp://no-such-host.invalid:2223').request('ping', {}, 20_000), { code: 'media_unavailable' })
})
