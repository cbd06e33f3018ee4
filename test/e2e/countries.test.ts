import t from 'tap'
import { AppPhone } from '../account/app.js'
import { startWhole, type Whole } from '../support/whole.js'

/** One in a country that is taken off the list, one in a country that stays. */
const estonian = '+37251234567'
const swedish = '+46701740605'
const estonianSupport = '+37251234568'
const dir = t.testdir({})

interface Scene extends Whole { readonly carrier: AppPhone, readonly rung: string[], stop(): Promise<void> }

/** The application on what an earlier run left, with people of these countries allowed, and a carrier that takes every call and hangs up. */
async function start(allowedCountries: string[]): Promise<Scene> {
  const whole = await startWhole(t, (config) => {
    config.dataDir = dir
    // Other work on the machine is no overload.
    config.overload.busyPercent = 100
    config.line.allowedCountries = allowedCountries
  })
  const carrier = await AppPhone.open('udp', whole.sipPort, { address: '127.0.0.1', port: whole.gatewayPort })
  const rung: string[] = []
  carrier.listen = (message) => {
    if (message.status !== 0 || message.method !== 'INVITE') return
    rung.push(message.dialled)
    carrier.respond(message, 486)
  }
  const stop = async (): Promise<void> => {
    await carrier.close()
    await whole.app.close()
    await whole.embedded.close()
  }
  return { ...whole, carrier, rung, stop }
}

/** Calls a number without an offer, so that a refusal is a status at once. @returns the status */
async function call({ carrier }: Scene, from: string, number: string): Promise<number> {
  const headers = { 'Contact': carrier.contact, 'P-Asserted-Identity': `<sip:${from}@127.0.0.1>` }
  return (await carrier.ask('INVITE', `sip:${number}@127.0.0.1`, { headers })).status
}

const line = async ({ api }: Scene, reference: string, customer: string): Promise<{ status: number, body: Record<string, unknown> }> =>
  await api('POST', '/v1/deliveries', { reference, courier: { phone: swedish }, customer: { phone: customer }, ttlSeconds: 3600 })

t.test('a country that is taken off the list gets no new line and is not dialled for those that were made before', async (t) => {
  const before = await start(['EE', 'SE'])
  const [open, over] = [(await line(before, 'open', estonian)).body as { id: string, number: string }, (await line(before, 'over', '+46701740606')).body as { id: string, number: string }]
  t.equal((await before.api('PATCH', '/v1/settings', { supportPhone: estonianSupport })).status, 200)
  t.equal((await before.api('DELETE', `/v1/deliveries/${over.id}`)).status, 200)
  for (const [from, number] of [[swedish, open.number], [estonian, open.number], [swedish, over.number]] as const) t.equal(await call(before, from, number), 486)
  t.equal((await before.api('POST', `/v1/deliveries/${open.id}/calls`, { first: 'customer' })).status, 202)
  await before.endedCalls(open.id, 3)
  t.same(before.rung, [estonian, swedish, estonianSupport, estonian], 'while the country is on the list, everybody is rung')
  await before.stop()

  const after = await start(['SE'])
  t.match((await line(after, 'new', '+37251234569')).body, { code: 'phone_not_allowed', field: 'customer.phone' })
  t.equal(await call(after, swedish, open.number), 480)
  t.match((await after.endedCalls(open.id, 4)).at(-1), { reason: 'callee_not_allowed', startedBy: 'courier' })
  t.equal(await call(after, swedish, over.number), 480, 'the support line neither')
  for (const first of ['customer', 'courier']) t.match((await after.api('POST', `/v1/deliveries/${open.id}/calls`, { first })).body, { code: 'phone_not_allowed' }, `not for the shop, ${first} first`)
  t.match((await after.api('POST', '/v1/persons/proofs', { phone: estonian })).body, { code: 'phone_not_allowed' })
  t.match((await after.api('POST', `/v1/deliveries/${open.id}/phones`, { party: 'customer', phone: '+37251234569' })).body, { code: 'phone_not_allowed' })
  t.match((await after.api('PATCH', `/v1/deliveries/${open.id}`, { customer: { phone: '+37251234569' } })).body, { code: 'phone_not_allowed' })
  t.match((await after.api('PATCH', '/v1/settings', { supportPhone: estonianSupport })).body, { code: 'phone_not_allowed' })
  t.same(after.rung, [])
  t.equal(await call(after, estonian, open.number), 486, 'whoever is there already may still call the one who is allowed')
  t.same(after.rung, [swedish])
  await after.stop()
})
