import t from 'tap'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { loadConfig } from '../../src/config.js'
import { admitted } from '../../src/sip/admitted.js'
import { startServer } from '../embedded/sip/support/app.js'
import { until } from '../embedded/sip/support/until.js'

const trunk = { id: 'one', sources: ['127.0.0.1', '192.0.2.0/28'], identity: ['pai' as const], country: 'SE', gateways: ['sip:198.51.100.7:5070', 'sip:[2001:db8::7]', 'sip:localhost'] }
const admits = await admitted({ trunks: [trunk], freeswitch: { ...loadConfig({}).freeswitch, url: 'esl://:secret@203.0.113.9:8021' } })

t.test('the trunks\' sources, their gateways and FreeSWITCH are admitted, nobody else', async (t) => {
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '192.0.2.15', '198.51.100.7', '2001:db8::7', '203.0.113.9']) t.ok(admits(address), address)
  for (const address of ['127.0.0.2', '192.0.2.16', '198.51.100.8', '2001:db8::8', '203.0.113.8', '', 'localhost']) t.notOk(admits(address), address)
})

/** What an admitted and what another address hears to the same bytes. */
async function socketAt(address: string): Promise<{ udp: Socket, got: string[] }> {
  const udp = createSocket('udp4')
  const got: string[] = []
  udp.on('message', (data) => got.push(data.toString('latin1')))
  udp.bind(0, address)
  await once(udp, 'listening')
  return { udp, got }
}

/** Everything that a liar may write about where it comes from. */
const lies = (method: string, branch: string): string => [
  `${method} sip:+442079460000@127.0.0.1 SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK${branch};received=127.0.0.1;rport=5070`,
  'X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1', 'X-Real-IP: 127.0.0.1', 'Record-Route: <sip:127.0.0.1;lr>', 'Contact: <sip:x@127.0.0.1:5070>',
  'From: <sip:+46701740605@127.0.0.1>;tag=1', 'P-Asserted-Identity: <sip:+46701740605@127.0.0.1>', 'To: <sip:+442079460000@127.0.0.1>',
  `Call-ID: ${branch}`, `CSeq: 1 ${method}`, 'Max-Forwards: 70', 'User-Agent: friendly-scanner', 'Content-Length: 0', '', ''
].join('\r\n')

t.test('a stranger gets no answer at all, whatever the headers say, and is counted', async (t) => {
  const server = await startServer(t, { host: '0.0.0.0', admits: (address) => address === '127.0.0.1' })
  const [stranger, carrier] = [await socketAt('127.0.0.2'), await socketAt('127.0.0.1')]
  t.teardown(() => { stranger.udp.close(); carrier.udp.close() })
  const sent = [...['OPTIONS', 'INVITE', 'REGISTER', 'ACK', 'BYE', 'CANCEL', 'MESSAGE'].map((method, index) => lies(method, `s${index}`)), 'INVITE  broken\r\n\r\n', lies('INVITE', 's8').replace('CSeq: 1 ', 'CSeq: x '), '\r\n\r\n\r\n']
  for (const text of sent) stranger.udp.send(text, server.sipPort, '127.0.0.1')
  await until('all are counted', () => server.dropped() === sent.length)
  stranger.udp.send('SIP/2.0 xyz\r\nVia: SIP/2.0/UDP 127.0.0.2\r\n\r\n', server.sipPort, '127.0.0.1')
  // Answered after everything before it was dealt with.
  carrier.udp.send(lies('OPTIONS', 'c1').replace(/;received.*/, ';rport'), server.sipPort, '127.0.0.1')
  await until('the carrier is answered', () => carrier.got.length > 0)
  t.match(carrier.got[0], /^SIP\/2\.0 503 /, 'nobody is connected to the server')
  t.equal(carrier.got.length, 1, 'no answer to a lie went to the address in it')
  t.same(stranger.got, [])
  t.equal(server.stats().transactions, 1, 'nothing of a stranger is kept')
})

t.test('a connection of a stranger is closed unread', async (t) => {
  const server = await startServer(t, { host: '0.0.0.0', admits: (address) => address === '127.0.0.1' })
  const socket = connect({ host: '127.0.0.1', port: server.sipPort, localAddress: '127.0.0.2' })
  let got = ''
  socket.on('data', (data) => { got += data.toString() }).on('error', () => undefined)
  socket.write(`\r\n\r\n${lies('OPTIONS', 't1')}`)
  await new Promise((resolve) => socket.once('close', resolve))
  t.equal(got, '')
  t.equal(server.dropped(), 1)
  t.equal(server.stats().connections, 0)
})
