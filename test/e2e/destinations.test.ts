import fc from 'fast-check'
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppPhone, dialogOf, type Dialog, type Secret } from '../account/app.js'
import type { Message } from '../privacy/carrier.js'
import { realDrachtio } from '../support/sip-server.js'
import { startWhole, until } from '../support/whole.js'

/**
 * Only a number in a live delivery is ever dialled, looked at from the wire: the carrier, callees, callers, apps and the
 * shop say every word through which a SIP server has ever been made to call somebody else, and each INVITE that leaves
 * is held against who may be rung at that moment.
 */
const seed = Number(process.env.MASKLINE_DIAL_SEED ?? Date.now() % 1_000_000)
const runs = Number(process.env.MASKLINE_DIAL_RUNS ?? 8)
const domain = 'sip.example'
const accounts = { domain, maxHours: 12, registrationSeconds: 600, algorithm: 'MD5' } as const
/** Where everything leads that leads astray: nobody who may be called is at this address. */
const trapAddress = '127.0.0.3'
/** A second delivery is live all the while: its people and number are elsewhere, too. */
const others = { courier: '+46701740690', customer: '+46701740691' }
const support = '+46701740692'
const caseOf = (at: number): { courier: string, customer: string } => ({ courier: `+467017406${10 + 2 * (at % 35)}`, customer: `+467017406${11 + 2 * (at % 35)}` })

const play = await startWhole(t, (config) => {
  config.trunks[0]!.sources = ['127.0.0.1/32']
  config.trunks[0]!.asksCode = true
  config.pools[0]!.numbers = ['+442079460000-+442079460099']
  config.sip.accounts = accounts
  config.sip.requestTimeoutMs = 1000
  config.line.quarantineSeconds = 0
  // Other work on the machine is no overload.
  config.overload.busyPercent = 100
  config.limits = { ...config.limits, callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 10_000, callsPerNumberMinute: 100_000 }
})
const carrier = await AppPhone.open('udp', play.sipPort, { address: '127.0.0.1', port: play.gatewayPort })
const trap = await AppPhone.open('udp', play.sipPort, { address: trapAddress })
const app = await AppPhone.open('udp', play.sipPort)
t.teardown(async () => { for (const phone of [carrier, trap, app]) await phone.close() })
const trapped = `${trapAddress}:${trap.port}`

type Answer = (invite: Message) => void

/** Who may be rung now, how phones answer, and what was rung against it. */
const stage = { may: new Set<string>(), appMay: false, number: '', answer: undefined as Answer | undefined, appAnswer: undefined as Answer | undefined, wrong: [] as string[], rung: 0 }
const covered = new Map<string, number>()
const cover = (...what: string[]): void => { for (const one of what) covered.set(one, (covered.get(one) ?? 0) + 1) }
const isInvite = (message: Message): boolean => message.status === 0 && message.method === 'INVITE'
const seen = new Set<string>()
/** Whether this INVITE is no repetition of one that came before. */
function isNew(message: Message): boolean {
  const name = `${message.header('Call-ID')} ${message.header('CSeq')}`
  return isInvite(message) && !seen.has(name) && seen.add(name).size > 0
}

carrier.listen = (message) => {
  if (!isNew(message)) return
  const [, user = '', place = ''] = /^INVITE sip:([^@]*)@(\S+) SIP/.exec(message.text) ?? []
  const own = ['From', 'Contact', 'P-Asserted-Identity'].every((name) => message.header(name).includes(`<sip:${stage.number}`))
  if (!stage.may.has(user) || place !== `127.0.0.1:${play.gatewayPort}` || !own) stage.wrong.push(message.text)
  stage.rung++
  stage.answer?.(message)
}
trap.listen = (message) => { if (isInvite(message)) stage.wrong.push(message.text) }
app.listen = (message) => {
  if (!isNew(message)) return
  if (!stage.appMay) stage.wrong.push(message.text)
  stage.rung++
  stage.appAnswer?.(message)
}

interface Line { readonly id: string, readonly number: string, readonly accessCode: string, readonly courier: string, readonly customer: string }

let made = 0
async function freshLine(phones: { courier: string, customer: string } = caseOf(made)): Promise<Line> {
  const { courier, customer } = phones
  const { status, body, text } = await play.api('POST', '/v1/deliveries', { reference: `order-${++made}`, courier: { phone: courier }, customer: { phone: customer }, ttlSeconds: 3600 })
  if (status !== 201) throw new Error(text)
  return { id: body.id as string, number: body.number as string, accessCode: body.accessCode as string, courier, customer }
}
const other = await freshLine(others)

/** Somebody who must not be reached: people of another delivery, numbers that cost, numbers of ours, nobody. */
const elsewhere = fc.constantFrom(others.courier, others.customer, other.number, support, '+46900123456', '+881612345678', '112', '+3725123456', '00372900123', '*31#', 'operator')
const address = fc.tuple(elsewhere, fc.nat({ max: 5 })).map(([user, form]) => [
  `sip:${user}@${trapped}`, `sip:${user}@127.0.0.1:${play.gatewayPort}`, `sip:${user}@127.0.0.1:${play.gatewayPort};maddr=${trapAddress};transport=udp`, `tel:${user}`, `sip:${user}@${trapped}?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2`, `sip:127.0.0.1:${play.gatewayPort};user=${user}`
][form]!)

/** Header fields of an INVITE, or of an answer to one, that name somebody to call, or a way. */
const tellingHeaders = {
  'Contact': (uri) => `<${uri}>;expires=3600`, 'To': (uri) => `<${uri}>`, 'Refer-To': (uri) => `<${uri}>`, 'Referred-By': (uri) => `<${uri}>`, 'Diversion': (uri) => `<${uri}>;reason=unconditional;counter=1`,
  'History-Info': (uri) => `<${uri}>;index=1, <${uri}>;index=1.1;mp=1`, 'P-Called-Party-ID': (uri) => `<${uri}>`, 'P-DCS-Redirect': (uri) => `<${uri}>;count=1`, 'Route': (uri) => `<${uri.replace('tel:', 'sip:')};lr>`,
  'Path': (uri) => `<${uri};lr>`, 'Reply-To': (uri) => `<${uri}>`, 'P-Preferred-Identity': (uri) => `<${uri}>`, 'Remote-Party-ID': (uri) => `<${uri}>;party=called`, 'Replaces': () => `${'x'.repeat(20)};to-tag=app;from-tag=app`,
  'Join': () => `${'x'.repeat(20)};to-tag=app;from-tag=app`, 'Target-Dialog': () => 'x;local-tag=app;remote-tag=app', 'Request-Disposition': () => 'redirect, fork, parallel', 'Call-Info': (uri) => `<${uri}>;purpose=call-completion;m=BS`,
  'Alert-Info': (uri) => `<${uri}>`, 'User-to-User': (uri) => Buffer.from(uri).toString('hex'), 'X-Dial': (uri) => uri, 'Record-Route': (uri) => `<${uri.replace('tel:', 'sip:')};lr>`
} satisfies Record<string, (uri: string) => string>
const headers = fc.tuple(fc.constantFrom(...Object.keys(tellingHeaders) as (keyof typeof tellingHeaders)[]), address).map(([name, uri]) => ({ name, value: tellingHeaders[name](uri) }))

/** How a number may be asked for so that something else might be dialled. */
const dialled = fc.constantFrom<(number: string, uri: string) => string>(
  (number) => `sip:${number}@127.0.0.1`, (number) => `sip:${number};postd=pp900123456@127.0.0.1`, (number) => `sip:${number}@127.0.0.1;maddr=${trapAddress}`, (number, uri) => `sip:${number}@127.0.0.1?Refer-To=${encodeURIComponent(uri)}`,
  (number) => `tel:${number};postd=900123456`, (number) => `sip:${number}%3B900123456@127.0.0.1`, (number) => `sip:${number}900123456@127.0.0.1`, (_number, uri) => uri.startsWith('sip:') ? uri : `sip:${uri.slice(4)}@127.0.0.1`
)

const ringing = [180, 181, 182, 183, 199]
const finals = [200, 200, 200, 300, 301, 302, 305, 380, 401, 407, 480, 484, 485, 486, 603]
const answer = fc.record({ provisional: fc.constantFrom(...ringing), final: fc.constantFrom(...finals), header: headers })
type Answering = typeof answer extends fc.Arbitrary<infer T> ? T : never

/** Requests within a call that ask for another one. */
const wishes = {
  're-INVITE': (uri) => ({ method: 'INVITE', uri, headers: { Contact: `<${uri}>` }, sdp: true }),
  'UPDATE': (uri) => ({ method: 'UPDATE', uri, headers: { Contact: `<${uri}>` }, sdp: true }),
  'REFER': (uri) => ({ method: 'REFER', headers: { 'Refer-To': `<${uri}>`, 'Referred-By': `<${uri}>` } }),
  'REFER to another Request-URI': (uri) => ({ method: 'REFER', uri, headers: { 'Refer-To': `<${uri}>`, 'Refer-Sub': 'false' } }),
  'INFO dtmf-relay': (uri) => ({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' }, body: `Signal=${uri.replace(/\D/g, '').at(0) ?? '*'}\r\nDuration=160\r\n` }),
  'INFO dtmf': () => ({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf' }, body: '*' }),
  'INFO text': (uri) => ({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: `Dial: ${uri}\r\nRefer-To: <${uri}>\r\n` }),
  'MESSAGE': (uri) => ({ method: 'MESSAGE', headers: { 'Content-Type': 'text/uri-list' }, body: `${uri}\r\n` }),
  'NOTIFY': (uri) => ({ method: 'NOTIFY', headers: { 'Event': 'refer', 'Subscription-State': 'active', 'Content-Type': 'message/sipfrag' }, body: `SIP/2.0 302 Moved\r\nContact: <${uri}>\r\n` }),
  'SUBSCRIBE': (uri) => ({ method: 'SUBSCRIBE', uri, headers: { 'Event': 'dialog', 'Refer-To': `<${uri}>` } }),
  'PUBLISH': (uri) => ({ method: 'PUBLISH', headers: { 'Event': 'presence', 'Contact': `<${uri}>` } })
} satisfies Record<string, (uri: string) => { method: string, uri?: string, headers: Record<string, string>, body?: string, sdp?: boolean }>
const wish = fc.record({ side: fc.constantFrom('a', 'b'), what: fc.constantFrom(...Object.keys(wishes) as (keyof typeof wishes)[]), uri: address })
const talk = fc.array(wish, { maxLength: 4 })
type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never

async function say(phone: AppPhone, dialog: Dialog, { side, what, uri }: Wish): Promise<void> {
  cover(`${what} by ${side}`)
  const { method, sdp, ...rest } = wishes[what](uri) as { method: string, uri?: string, headers: Record<string, string>, body?: string, sdp?: boolean }
  await phone.within(method, dialog, { ...rest, ...(sdp ? { body: phone.sdp } : {}) })
}

/** Has the phone answer like this. @returns the dialog, when there is one */
function answering(phone: AppPhone, { provisional, final, header }: Answering): { answer: Answer, joined: () => Dialog | undefined } {
  let joined: Dialog | undefined
  return {
    joined: () => joined,
    answer: (invite) => {
      cover(`${header.name} in ${final}`)
      phone.respond(invite, provisional, provisional === 183 ? phone.sdp : '', { [header.name === 'To' ? 'X-To' : header.name]: header.value })
      phone.respond(invite, final, final === 200 ? phone.sdp : '', { [header.name === 'To' ? 'X-To' : header.name]: header.value })
      if (final === 200) joined = phone.joined(invite)
    }
  }
}

/** Ends whatever the steps left. */
async function over(...dialogs: (Dialog | undefined)[]): Promise<void> {
  for (const dialog of dialogs) if (dialog !== undefined) await carrier.within('BYE', dialog).catch(() => undefined)
}

const steps = {
  call: fc.record({ kind: fc.constant('call' as const), by: fc.constantFrom('courier', 'customer', 'stranger', 'the number itself'), to: dialled, ask: headers, target: address, answers: answer, says: talk }),
  code: fc.record({ kind: fc.constant('code' as const), keys: fc.oneof({ weight: 4, arbitrary: elsewhere }, { weight: 1, arbitrary: fc.constantFrom('right', 'right as the other') }), answers: answer }),
  callback: fc.record({ kind: fc.constant('callback' as const), first: fc.constantFrom('courier', 'customer'), answers: answer, says: talk }),
  proof: fc.record({ kind: fc.constant('proof' as const), answers: answer, says: talk }),
  app: fc.record({ kind: fc.constant('app' as const), contact: address, where: fc.constantFrom('the app', 'the carrier'), appAnswers: answer, answers: answer }),
  support: fc.record({ kind: fc.constant('support' as const), by: fc.constantFrom('courier', 'customer'), answers: answer, says: talk })
}
type Step = { [K in keyof typeof steps]: (typeof steps)[K] extends fc.Arbitrary<infer T> ? T : never }[keyof typeof steps]

/** A call to a number of ours, and all that both sides then say. */
async function call(line: Line, may: readonly string[], { by, to, ask, target, answers, says }: Extract<Step, { kind: 'call' }>): Promise<void> {
  cover(`call by ${by}`, `${ask.name} in INVITE`)
  const from = by === 'courier' ? line.courier : by === 'customer' ? line.customer : by === 'stranger' ? '+46701740699' : line.number
  stage.may = new Set(may)
  const { answer, joined } = answering(carrier, answers)
  stage.answer = answer
  const final = await carrier.ask('INVITE', to(line.number, target), { body: carrier.sdp, from: `sip:${from}@127.0.0.1`, headers: { 'Contact': carrier.contact, 'P-Asserted-Identity': `<sip:${from}@127.0.0.1>`, [ask.name]: ask.value } })
  if (final.status !== 200) return
  const a = dialogOf(final)
  carrier.send('ACK', a)
  for (const one of says) {
    const dialog = one.side === 'a' ? a : joined()
    if (dialog !== undefined) await say(carrier, dialog, one)
  }
  await over(a)
}

/** Somebody unknown who is asked for a code enters a number, or the right code. */
async function code(line: Line, { keys, answers }: Extract<Step, { kind: 'code' }>): Promise<void> {
  cover(`code: ${keys.startsWith('right') ? keys : 'a number'}`)
  const role = keys === 'right as the other' ? '2' : '1'
  stage.may = new Set(keys.startsWith('right') ? [role === '1' ? line.customer : line.courier] : [])
  const { answer } = answering(carrier, answers)
  stage.answer = answer
  const from = `+4670174068${made % 10}`
  const final = await carrier.ask('INVITE', `sip:${line.number}@127.0.0.1`, { body: carrier.sdp, headers: { 'Contact': carrier.contact, 'P-Asserted-Identity': `<sip:${from}@127.0.0.1>` } })
  if (final.status !== 200) return
  const a = dialogOf(final)
  carrier.send('ACK', a)
  const entry = keys.startsWith('right') ? line.accessCode : keys.replace(/[^\d*]/g, '').slice(0, 12)
  const before = stage.rung
  // Keys pressed before anybody listens are lost: the whole is said again.
  for (let tries = 0; tries < (keys.startsWith('right') ? 3 : 1) && stage.rung === before; tries++) {
    for (const key of `${entry}#${role}`) await carrier.within('INFO', a, { headers: { 'Content-Type': 'application/dtmf-relay' }, body: `Signal=${key}\r\nDuration=160\r\n` })
    await sleep(keys.startsWith('right') ? 400 : 20)
  }
  await over(a)
}

async function press(dialog: Dialog): Promise<void> {
  await carrier.within('INFO', dialog, { headers: { 'Content-Type': 'application/dtmf-relay' }, body: 'Signal=1\r\nDuration=160\r\n' }).catch(() => undefined)
}

/** The shop has both rung, or only one phone to prove that it is somebody's. */
async function begun(path: string, body: unknown, may: readonly string[], { answers, says }: { answers: Answering, says: readonly Wish[] }): Promise<void> {
  stage.may = new Set(may)
  const before = stage.rung
  const first = answering(carrier, { ...answers, final: 200 })
  const second = answering(carrier, answers)
  stage.answer = (invite) => { (stage.rung === before + 1 ? first : second).answer(invite) }
  const { status } = await play.api('POST', path, body)
  if (status !== 202) { cover(`${path.split('/').at(-1)} refused ${status}`); return }
  const a = await until(async () => first.joined(), 'the first phone to be rung')
  for (const one of says) await say(carrier, a, one).catch(() => undefined)
  for (let tries = 0; tries < (path.endsWith('/calls') ? 8 : 1) && stage.rung === before + 1; tries++) {
    await press(a)
    await sleep(60)
  }
  const b = second.joined()
  if (b !== undefined) for (const one of says) await say(carrier, b, one).catch(() => undefined)
  await over(a)
}

/** An app that registers at somebody else's address, or through the carrier; then its party is called. */
async function ringApp(line: Line, { contact, where, appAnswers, answers }: Extract<Step, { kind: 'app' }>): Promise<void> {
  cover(`REGISTER from ${where}`)
  const secret = (await play.api('POST', `/v1/deliveries/${line.id}/credentials`)).body as unknown as Secret
  const phone = where === 'the app' ? app : carrier
  // As it is, and under the account's name, which a Contact must bear.
  const registered = []
  for (const uri of [contact, contact.replace(/^(sips?:)(?:[^@]*@)?/i, `$1${secret.username}@`)]) registered.push((await phone.register(secret, { Contact: `<${uri}>` })).status)
  stage.may = new Set([line.courier])
  stage.appMay = where === 'the app' && registered.includes(200)
  stage.appAnswer = answering(app, { ...appAnswers, final: appAnswers.final === 200 ? 302 : appAnswers.final }).answer
  const { answer } = answering(carrier, answers)
  stage.answer = answer
  const final = await carrier.ask('INVITE', `sip:${line.number}@127.0.0.1`, { body: carrier.sdp, headers: { 'Contact': carrier.contact, 'P-Asserted-Identity': `<sip:${line.customer}@127.0.0.1>` } })
  if (final.status !== 200) return
  const a = dialogOf(final)
  carrier.send('ACK', a)
  await over(a)
}

async function take(step: Step): Promise<void> {
  Object.assign(stage, { may: new Set(), appMay: false, answer: undefined, appAnswer: undefined })
  if (step.kind === 'app' && realDrachtio) return
  const line = await freshLine()
  stage.number = line.number
  if (step.kind === 'call') await call(line, step.by === 'courier' ? [line.customer] : step.by === 'customer' ? [line.courier] : [], step)
  else if (step.kind === 'code') await code(line, step)
  else if (step.kind === 'callback') {
    cover(`callback to ${step.first} first`)
    await begun(`/v1/deliveries/${line.id}/calls`, { first: step.first }, [line.courier, line.customer], step)
  } else if (step.kind === 'proof') {
    cover('proof')
    // Whichever number of the pool is least used shows.
    stage.number = '+4420794600'
    await begun('/v1/persons/proofs', { phone: line.courier }, [line.courier], step)
  } else if (step.kind === 'app') await ringApp(line, step)
  else {
    cover('support line')
    await play.api('PATCH', '/v1/settings', { supportPhone: support, quarantineSeconds: 3600 })
    const late = await freshLine()
    await play.api('DELETE', `/v1/deliveries/${late.id}`)
    stage.number = late.number
    await call(late, [support], { ...step, kind: 'call', to: (number) => `sip:${number}@127.0.0.1`, ask: { name: 'X-Dial', value: support }, target: '' })
    await play.api('PATCH', '/v1/settings', { supportPhone: null, quarantineSeconds: 0 })
  }
  stage.may = new Set()
  stage.appMay = false
  await play.api('DELETE', `/v1/deliveries/${line.id}`)
}

t.test('whatever is asked for, only the people of a live delivery are rung', async (t) => {
  const all = fc.tuple(steps.call, steps.call, steps.code, steps.callback, steps.proof, steps.app, steps.support)
  await fc.assert(fc.asyncProperty(all, async (round) => {
    for (const step of round) {
      await take(step)
      if (stage.wrong.length > 0) throw new Error(`${JSON.stringify(step)}\n${stage.wrong.join('\n')}`)
    }
  }), { numRuns: runs, seed, endOnFailure: true })
  // A phone that says in a new offer that it is elsewhere may not hear our BYE, which is given up after 32 s (RFC 3261 §17.1.2.2).
  await play.idle(45_000)
  t.same(stage.wrong, [], 'nor afterwards')
  const places = [...covered.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([what, count]) => `${what} ${count}`)
  t.comment(`seed ${seed} (MASKLINE_DIAL_SEED): ${runs} rounds of 7 attacks, ${stage.rung} INVITEs left, ${places.length} kinds covered\n${places.join(', ')}`)
  t.ok(stage.rung > runs * 4, 'enough of them were answered by a call for the property to say something')
})
