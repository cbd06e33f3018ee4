import t, { type Test } from 'tap'
import { createGateway, createPhone, userOf, type Gateway, type Phone } from '../../../src/embedded/phone/index.js'

const [courier, customer, application] = ['+46701740621', '+46701740622', '+442079460001']

/** Two subscribers of a gateway; a third phone stands for the application behind it. */
async function network(t: Test): Promise<{ gateway: Gateway, a: Phone, b: Phone, app: Phone }> {
  const gateway = await createGateway()
  const [a, b, app] = [await createPhone({ number: courier }), await createPhone({ number: customer }), await createPhone({ number: application })]
  gateway.register(a, b)
  gateway.routeTo(`sip:127.0.0.1:${app.port}`)
  t.teardown(async () => Promise.all([gateway.close(), a.close(), b.close(), app.close()]))
  return { gateway, a, b, app }
}

t.test('a call of the application rings the phone with that number, and stays on the way through the gateway', async (t) => {
  const { gateway, b, app } = await network(t)
  const out = app.call(customer, { via: gateway.uri })
  const into = await b.nextCall()
  t.equal(into.request.uri, b.uri)
  t.equal(into.shown, application)
  await into.answer()
  await out.answered()
  out.say(440)
  t.equal(await into.hears(440), true)
  await into.hangUp()
  t.same(await out.ended(), { by: 'them' })
  t.ok([...out.messages, ...into.messages].every(({ peer }) => peer.port === gateway.port), 'nobody talks to the other end directly')
})

t.test('the carrier vouches for the number of its subscriber, whatever the phone says', async (t) => {
  const { gateway, a, app } = await network(t)
  a.call('+442079460007', { via: gateway.uri, identity: '+46701740699', from: '<sip:+46701740698@phone.example>', headers: [['P-Preferred-Identity', '<sip:x@y.example>'], ['Remote-Party-ID', '<sip:x@y.example>']] })
  const into = await app.nextCall()
  t.equal(into.request.uri, `sip:+442079460007@127.0.0.1:${app.port}`)
  t.same(into.request.headers.all('p-asserted-identity').map(userOf), [courier])
  t.equal(into.shown, '+46701740698', 'From is the phone\'s own affair')
  t.notOk(into.request.headers.has('p-preferred-identity') || into.request.headers.has('remote-party-id'))
  t.equal(into.request.headers.get('max-forwards'), '69')
})

t.test('what is no subscriber is not found', async (t) => {
  const { gateway, app } = await network(t)
  t.match(await app.call('+46701740699', { via: gateway.uri }).refused(), { status: 404 })
  t.match(await app.call(customer, { via: gateway.uri, headers: [['Max-Forwards', '0']] }).refused(), { status: 483 })
})

t.test('CANCEL and refusals find their way', async (t) => {
  const { gateway, b, app } = await network(t)
  const given = app.call(customer, { via: gateway.uri })
  const ringing = await b.nextCall()
  await ringing.ring()
  await given.ringing()
  await given.cancel()
  t.same(await ringing.ended(), { by: 'cancelled', status: 487 })
  t.match(await given.ended(), { by: 'cancelled' })
  b.onCall((call) => call.reject(603))
  t.match(await app.call(customer, { via: gateway.uri }).refused(), { status: 603 })
  await new Promise((resolve) => { setTimeout(resolve, 700) })
  const refused = b.calls.at(-1)!.messages.filter(({ message }) => message?.kind === 'response' && message.status === 603)
  t.equal(refused.length, 1, 'the ACK to the refusal arrived: it was not repeated')
})
