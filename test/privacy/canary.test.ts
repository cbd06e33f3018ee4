import t, { type Test } from 'tap'
import { guardConsole } from '../../src/telemetry/console-guard.js'
import { startCollector, type CollectorDouble } from '../support/collector.js'
import { noFreeswitch, realFreeswitch } from '../support/freeswitch.js'
import { silent } from '../support/log.js'
import { receiver, type Got } from '../support/receiver.js'
import { testStore } from '../support/redis.js'
import { noRtpengine, startRtpengine } from '../support/rtpengine.js'
import { startWhole, until, type Changes } from '../support/whole.js'
import { filesBelow, findings } from './canary.js'
import { Carrier } from './carrier.js'
import { Party } from './party.js'
import { harmless, telling } from './places.js'
import { callback, cancel, knock, parcels, refusals, refuse, talk, tell, type Play } from './scenes.js'

const courier = '+46701740605'
const customer = '+46701740606'

interface Engine {
  readonly name: string
  readonly skip: string | false
  readonly set: (t: Test) => Promise<Changes>
  /** Places that this engine is known to let through; docs/privacy.md says so, too. */
  readonly passes?: readonly string[]
}

const engines: readonly Engine[] = [
  { name: 'embedded', skip: false, set: async () => (config) => { config.freeswitch.url = null; config.rtpengine.url = null } },
  {
    name: 'rtpengine', skip: noRtpengine ?? false, set: async (t) => {
      const { url } = await startRtpengine(t)
      return (config) => { config.freeswitch.url = null; config.rtpengine.url = url }
    }
  },
  { name: 'FreeSWITCH', skip: noFreeswitch ?? false, set: async () => (config) => { config.freeswitch.url = realFreeswitch ?? null; config.rtpengine.url = null }, passes: ['RTP padding'] }
]

for (const engine of engines) {
  t.test(`G1, G2: a canary in every place, media by ${engine.name}`, { skip: engine.skip }, async (t) => {
    const printed = overhearProcess(t)
    // As the process does; what a library prints is cut out of the output.
    guardConsole(silent)
    const collector = await startCollector(t)
    const play = await begin(t, await engine.set(t), collector)
    const redis = await slowLog(t, play)
    const told = await shopSystem(t, play)
    const { a, b, whole } = play
    await speakAll(t, play)
    await until(async () => whole.app.stats().calls === 0 ? true : undefined, 'the last call to end')

    for (const party of [a, b]) {
      const said = findings(Buffer.concat(party.sent)).filter((word) => party.canaries.planted.has(word))
      t.equal(said.length, party.canaries.planted.size, `${party.side}: every word was sent`)
    }
    clean(t, Buffer.concat(b.seen), [a], 'B', engine.passes)
    clean(t, Buffer.concat(a.seen), [b], 'A', engine.passes)
    clean(t, Buffer.from(whole.logged()), [a, b], 'the log at its most verbose')
    clean(t, printed(), [a, b], 'standard output and standard error')
    clean(t, await redis(), [a, b], 'the slow log of Redis, where every command stood')
    const answers = await everyAnswer(play)
    clean(t, Buffer.from(answers), [a, b], 'the answers of the API and the metrics')
    await until(async () => told.filter(({ event: { type } }) => type === 'call.ended').length > refusals.length ? true : undefined, 'the webhooks')
    clean(t, Buffer.from(JSON.stringify(told)), [a, b], 'what the shop\'s system was told and asked')
    t.same(['call.answered', 'call.ended', 'call.gate', 'call.missed', 'call.started'].filter((type) => !told.some(({ event }) => event.type === type)), [], 'which was all that there is')
    for (const { name, bytes } of filesBelow(whole.config.dataDir)) clean(t, bytes, [a, b], `the file ${name.replace(/^.*\//, '')}`)

    await until(async () => drawnCalls(collector) === endedCalls(whole.logged()) ? true : undefined, 'the last trace')
    clean(t, collector.bytes(), [a, b], 'the collector of traces')

    const planted = a.canaries.planted.size + b.canaries.planted.size
    const places = new Set([...a.canaries.planted.values(), ...b.canaries.planted.values()].map(({ place }) => place)).size
    const messages = new Set([...a.canaries.planted.values(), ...b.canaries.planted.values()].map(({ message }) => message)).size
    const searched = [a, b].reduce((sum, { seen }) => sum + seen.reduce((bytes, { length }) => bytes + length, 0), 0)
    t.comment(`canary, ${engine.name}: ${places} places x ${messages} kinds of message x 2 directions, ${planted} words planted, ${searched} bytes of the other side searched`)
    t.ok(places > 180 && messages > 90, 'there are as many as there should be')
  })
}

async function begin(t: Test, set: Changes, collector: CollectorDouble): Promise<Play> {
  const whole = await startWhole(t, (config) => {
    set(config)
    config.traces = { ...config.traces, endpoint: collector.url }
    config.webhooks.allowPrivate = ['127.0.0.0/8']
    config.limits = { ...config.limits, callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 10000, callsPerNumberMinute: 100000 }
  })
  const carrier = await Carrier.open(whole.gatewayPort, whole.sipPort)
  const a = await Party.open('a', courier, carrier)
  const b = await Party.open('b', customer, carrier)
  t.teardown(async () => {
    await Promise.all([a.close(), b.close()])
    await carrier.close()
  })
  const { body, text } = await whole.api('POST', '/v1/deliveries', { reference: 'zqkanaarareference', courier: { phone: courier }, customer: { phone: customer }, ttlSeconds: 3600 })
  if (typeof body.number !== 'string') throw new Error(text)
  return { whole, a, b, number: body.number, deliveryId: body.id as string }
}

async function speakAll(t: Test, play: Play): Promise<void> {
  await talk(play, 'a')
  await talk(play, 'b')
  await talk(play, 'a', true)
  const told = new Map<number, number>()
  for (const status of refusals) told.set(status, await refuse(play, status))
  t.ok([...told.values()].every((status) => status >= 400), 'A is told something of ours about each refusal')
  await cancel(play)
  for (const place of telling) await tell(play, place)
  t.ok((await parcels(play)).every((status) => status >= 400), 'bodies that are no description are refused')
  await knock(play)
  await callback(play)
}

const drawnCalls = ({ spans }: CollectorDouble): number => spans.filter(({ name }) => name === 'call').length
/** Calls of the shop that ended, by the log. */
const endedCalls = (logged: string): number => logged.match(/^.*"shopId":.*"msg":"call\.ended"/gm)?.length ?? 0

/** Nothing of these people is in the bytes. */
function clean(t: Test, bytes: Buffer, people: readonly Party[], what: string, passes: readonly string[] = []): void {
  const found = findings(bytes).flatMap((finding) => people.flatMap(({ canaries, numbers }) => {
    const planted = canaries.planted.get(finding)
    if (planted !== undefined) return passes.includes(planted.place) ? [] : [canaries.whose(finding)]
    return numbers.some((number) => number.endsWith(finding)) ? [`number …${finding.slice(-3)}`] : []
  }))
  t.same([...new Set(found)].slice(0, 20), [], what)
}

/** Every GET that needs no id but this delivery's, and the metrics. */
async function everyAnswer({ whole, deliveryId }: Play): Promise<string> {
  const { paths } = (await whole.api('GET', '/openapi.json')).body as { paths: Record<string, Record<string, unknown>> }
  const wanted = Object.keys(paths).filter((path) => 'get' in paths[path]!).map((path) => path.replace('/deliveries/{id}', `/deliveries/${deliveryId}`)).filter((path) => !path.includes('{'))
  const answers = await Promise.all([...wanted, '/readyz', '/console'].map(async (path) => `${path}\n${(await whole.api('GET', path)).text}`))
  return [...answers, await whole.metrics()].join('\n')
}

/** The shop's own system, which gets every event and is asked before every call. */
async function shopSystem(t: Test, { whole }: Play): Promise<readonly Got[]> {
  const shop = await receiver(t)
  Object.assign(shop.says, { status: 200, body: '{"decision":"allow"}' })
  const { status, text } = await whole.api('PUT', '/v1/webhooks', { url: shop.url, events: ['call.started', 'call.answered', 'call.ended', 'call.missed'], gate: { url: shop.url, timeoutMs: 2000, onFailure: 'allow' } })
  if (status !== 200) throw new Error(text)
  return shop.got
}

/** Has Redis note every command from now on, as it does with slow ones, and write its snapshot file. */
async function slowLog(t: Test, { whole }: Play): Promise<() => Promise<Buffer>> {
  const store = await testStore(t, { url: whole.embedded.redisUrl })
  await store.call('CONFIG', 'SET', 'slowlog-log-slower-than', 0)
  await store.call('CONFIG', 'SET', 'slowlog-max-len', 100_000)
  return async () => {
    const noted = texts(await store.call('SLOWLOG', 'GET', 100_000))
    t.ok(noted.length > 1000, 'Redis noted what it was told')
    await store.call('SAVE')
    return Buffer.from(noted.join('\n'), 'latin1')
  }
}

function texts(reply: unknown): string[] {
  if (Array.isArray(reply)) return reply.flatMap(texts)
  return [Buffer.isBuffer(reply) ? reply.toString('latin1') : String(reply)]
}

/** What the process prints meanwhile, whoever prints it. */
function overhearProcess(t: Pick<Test, 'teardown'>): () => Buffer {
  const pieces: Buffer[] = []
  for (const stream of [process.stderr, process.stdout]) {
    const write = stream.write.bind(stream)
    stream.write = ((piece: string | Uint8Array, ...rest: unknown[]) => {
      pieces.push(Buffer.from(piece as string))
      return (write as (...args: unknown[]) => boolean)(piece, ...rest)
    })
    t.teardown(() => { stream.write = write })
  }
  return () => Buffer.concat(pieces)
}

t.test('the search finds a word in every form', async (t) => {
  const word = 'zqkanaarabbbb'
  const number = '+46701740633'
  const forms: [string, string][] = [
    ['as it is', `${word} ${number}`], ['spaced', `${word} +46 70 174 06 33`], ['with dashes', `${word} 0046-70-174-06-33`], ['percent', `${encodeURIComponent(word)}%${Buffer.from(word).toString('hex').match(/../g)!.join('%')} %2B4670174%30633`],
    ['hex', `${Buffer.from(word).toString('hex')} ${Buffer.from(number).toString('hex')}`], ['shifted hex', `a${Buffer.from(word).toString('hex')} f${Buffer.from(number).toString('hex')}`], ['UTF-16', Buffer.from(`${word} ${number}`, 'utf16le').toString('latin1')],
    ...['', 'x', 'xx', 'xxx'].map((lead): [string, string] => [`base64 after ${lead.length}`, Buffer.from(`${lead}${word}, ${number} and more`).toString('base64')]),
    ['a JWT', `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify({ dest: { tn: [number] }, origid: word })).toString('base64url')}.c2ln`]
  ]
  for (const [form, text] of forms) {
    const found = findings(Buffer.from(`before ${text} after`, 'latin1'))
    t.ok(found.includes(word), `word: ${form}`)
    t.ok(found.includes('701740633'), `number: ${form}`)
  }
  t.ok(harmless.length + telling.length > 105, 'and there are enough places to plant it')
})
