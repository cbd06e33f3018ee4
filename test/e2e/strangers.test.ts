import { randomBytes } from 'node:crypto'
import t from 'tap'
import { startSipServer } from '../../src/embedded/sip/index.js'
import { AppPhone } from '../account/app.js'
import { silent } from '../support/log.js'
import { realDrachtio } from '../support/sip-server.js'
import { startWhole } from '../support/whole.js'
import { courierNumber, customerNumber } from './stage.js'

// A SIP server that reads everybody, as a real drachtio-server does: then the application alone tells who is a trunk.
const server = await startSipServer({ host: '127.0.0.1', port: 0, admin: { host: '127.0.0.1', port: 0, secret: randomBytes(16).toString('hex') }, log: silent })
t.teardown(() => server.close())
const play = await startWhole(t, (config) => {
  config.trunks[0]!.sources = ['127.0.0.1/32']
  // Other work on the machine is no overload.
  config.overload.busyPercent = 100
}, async (servers) => ({ ...servers, drachtioUrl: server.adminUrl, sip: undefined }))
const carrier = await AppPhone.open('udp', server.sipPort, { address: '127.0.0.1', port: play.gatewayPort })
const stranger = await AppPhone.open('udp', server.sipPort, { address: '127.0.0.2' })
const rung: string[] = []
carrier.listen = (message) => {
  if (message.status !== 0 || message.method !== 'INVITE') return
  rung.push(message.dialled)
  carrier.respond(message, 486)
}
t.teardown(async () => { for (const phone of [carrier, stranger]) await phone.close() })

/** Whatever a header can say about where a request comes from. */
const lies: Readonly<Record<string, string>> = {
  'Via': 'SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKlie;received=127.0.0.1', 'X-Forwarded-For': '127.0.0.1', 'Forwarded': 'for=127.0.0.1', 'X-Real-IP': '127.0.0.1', 'Record-Route': '<sip:127.0.0.1;lr>',
  'P-Asserted-Identity': `<sip:${courierNumber}@127.0.0.1>`, 'P-Visited-Network-ID': '"carrier"', 'Contact': '<sip:carrier@127.0.0.1>'
}

t.test('a stranger is refused whatever the headers say, and the same INVITE from the trunk is a call', { skip: realDrachtio ? 'a server of the test\'s own' : false }, async (t) => {
  const { body, text } = await play.api('POST', '/v1/deliveries', { reference: 'order', courier: { phone: courierNumber }, customer: { phone: customerNumber }, ttlSeconds: 3600 })
  t.ok(body.number, text)
  const uri = `sip:${String(body.number)}@127.0.0.1`
  for (const [name, value] of Object.entries(lies)) {
    const via = name === 'Via' ? { Via: `SIP/2.0/UDP 127.0.0.2:${stranger.port};branch=z9hG4bKown;rport, ${value}` } : { [name]: value }
    const answer = await stranger.ask('INVITE', uri, { body: stranger.sdp, from: `sip:${courierNumber}@127.0.0.1`, headers: { Contact: stranger.contact, ...via } })
    t.equal(answer.status, 403, name)
    t.equal(answer.body, '')
  }
  t.same(rung, [])
  t.equal(play.logged().match(/call\.stranger_refused/g)?.length, Object.keys(lies).length)
  t.notMatch(play.logged(), /127\.0\.0\.2|4670174/)
  const answer = await carrier.ask('INVITE', uri, { headers: { 'Contact': carrier.contact, 'P-Asserted-Identity': `<sip:${courierNumber}@127.0.0.1>` } })
  t.match((await play.endedCalls(String(body.id), 1))[0], { reason: 'busy', startedBy: 'courier' })
  t.equal(answer.status, 486)
  t.same(rung, [customerNumber])
  await play.idle()
})
