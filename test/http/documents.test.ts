import t from 'tap'
import { documentNames, type Paper, type Section } from '../../src/record/documents/types.js'
import { courier, customer, order, testApi } from './support.js'

const day = 86_400

t.test('G20: a period that changes, changes the record of processing, the notice and the table', async (t) => {
  const { send } = await testApi(t)
  const texts = async (): Promise<string[]> => Promise.all(['processing-record', 'privacy-notice?language=et', 'privacy-notice?language=ru', 'retention-table', 'dpia'].map(async (name) => (await send('GET', `/v1/documents/${name}${name.includes('?') ? '&' : '?'}format=md`)).body))
  const before = await texts()
  t.ok(before.every((text) => /30 (?:days|päeva|дн\.)/.test(text)), 'thirty days in each')
  t.equal((await send('PUT', '/v1/retention', { reason: 'two weeks are enough', periods: { record: 14 * day } })).statusCode, 200)
  const after = await texts()
  t.ok(after.every((text) => /14 (?:days|päeva|дн\.)/.test(text) && !/30 (?:days|päeva|дн\.) *\|/.test(text.split('\n').find((line) => /^\| (?:record|that a call|et kõne|что звонок)/.test(line)) ?? '')), 'fourteen days in each')
})

t.test('recording stands in them only where it takes place', async (t) => {
  const { send } = await testApi(t)
  const notice = async (language: string): Promise<string> => (await send('GET', `/v1/documents/privacy-notice?language=${language}&format=md`)).body
  t.match(await notice('en'), 'Calls are not recorded.')
  t.match((await send('PATCH', '/v1/settings', { recording: true })).json(), { status: 409, code: 'recording_period' })
  await send('PUT', '/v1/retention', { reason: 'complaints', periods: { recording: 2 * day } })
  await send('PATCH', '/v1/settings', { recording: true })
  t.match(await notice('en'), /the recorded talk; .* \| 2 days/)
  t.match(await notice('et'), /salvestatud kõne; .* \| 2 päeva/)
  t.match(await notice('ru'), /запись разговора; .* \| 2 дн\./)
})

t.test('every paper, as JSON and as Markdown; what somebody typed becomes no markup', async (t) => {
  const { send, config } = await testApi(t, {}, (config) => ({ ...config, processors: [{ name: '<script>|[x](http://evil)', purpose: 'hosts', country: 'US' }] }))
  t.equal(config.processors.length, 1)
  for (const name of documentNames) {
    const paper = (await send('GET', `/v1/documents/${name}`)).json<Paper>()
    t.ok(paper.title.length > 10 && paper.sections.length > 0, name)
    const text = await send('GET', `/v1/documents/${name}?format=md`)
    t.match(text.headers['content-type'], 'text/markdown')
    t.match(text.body, /^# /)
    t.notMatch(text.body, /(?<!\\)<script|(?<!\\)\]\(http/)
  }
  t.match((await send('GET', '/v1/documents/processing-record?format=md')).body, 'Recipients outside: US')
})

t.test('a collector of traces stands among the recipients, where there is one', async (t) => {
  const recipients = async (endpoint: string | null): Promise<string> => {
    const { send } = await testApi(t, {}, (config) => ({ ...config, traces: { ...config.traces, endpoint } }))
    return (await send('GET', '/v1/documents/processing-record?format=md')).body
  }
  t.match(await recipients('http://127.0.0.1:4318/v1/traces'), /\| collector of traces \|/)
  t.notMatch(await recipients(null), 'collector')
})

t.test('G25: the facts of a breach within a window, and nobody\'s number', async (t) => {
  const { send, journal } = await testApi(t)
  const now = Date.now()
  await send('POST', '/v1/deliveries', order())
  await journal.open({ id: 'calla', shopId: 'one', deliveryId: 'demo-bcdfghjkmnpqrstvwxyz', reference: 'order-1', startedBy: 'courier', callee: 'customer', phones: { courier, customer }, startedAt: now } as never)
  await send('GET', '/v1/calls')
  const pack = (await send('GET', '/v1/documents/breach-pack')).json<Paper>()
  const table = (heading: string): readonly (readonly string[])[] => pack.sections.find((section) => section.heading === heading)!.table!
  t.match(table('Records of the window')[1], [/^\d{8}$/, '1', '2', 'alive'])
  t.ok(table('Who read or changed what').some(([, , act]) => act === 'calls.read'))
  t.match(JSON.stringify(pack), 'The audit trail is whole.')
  const past = (await send('GET', '/v1/documents/breach-pack?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z')).json<Paper>()
  t.equal(past.sections.find(({ heading }) => heading === 'Records of the window')!.table!.length, 1)
  for (const number of [courier, customer]) t.notOk(JSON.stringify([pack, past]).includes(number.slice(3)))
})

t.test('G22, G25: an auditor, who sees no calls, gets the approximate number that a notice needs', async (t) => {
  const { send, journal, access } = await testApi(t)
  const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000
  for (const [back, calls] of [[1, 12], [2, 3]] as const) {
    for (let at = 0; at < calls; at++) await journal.open({ id: `${'b'.repeat(18)}${'cd'[back - 1]!}${'cdfghjkmnpqrs'[at]!}`, shopId: 'one', deliveryId: `demo-${back}`, reference: 'order-1', startedBy: 'courier', callee: 'customer', phones: { courier, customer }, startedAt: midnight - back * 86_400_000 + at } as never)
  }
  const url = `/v1/documents/breach-pack?from=${new Date(midnight - 3 * 86_400_000).toISOString()}`
  const records = async (key?: string): Promise<Section> => (await send('GET', url, undefined, key === undefined ? {} : { key })).json<Paper>().sections.find(({ heading }) => heading === 'Records of the window')!
  const counts = ({ table }: Section): string[] => table!.slice(1).map(([, calls, people]) => `${calls!}, ${people!}`).sort()
  const mine = await records()
  t.strictSame(counts(mine), ['12, 2', '3, 2'])
  t.match(mine.paragraphs![0], '15 calls, 4 pseudonyms')
  const { key } = await access.keys.create('one', { label: 'data protection officer', roles: ['auditor'] }, 'bootstrap')
  const theirs = await records(key)
  t.strictSame(counts(theirs), ['1 to 9, 0 to 18', '12, 1 to 9'])
  t.match(theirs.paragraphs![0], '13 to 21 calls, 1 to 27 pseudonyms')
  t.match(theirs.paragraphs![1], 'a key with the role `admin`', 'and is told who has the exact one')
})

t.test('what cannot be asked for', async (t) => {
  const { send } = await testApi(t)
  for (const url of ['/v1/documents/nothing', '/v1/documents/dpia?language=xx', '/v1/documents/dpia?at=yesterday', '/v1/documents/breach-pack?from=x']) t.ok([404, 422].includes((await send('GET', url)).statusCode), url)
  t.equal((await send('GET', '/v1/documents/dpia', undefined, { key: 'k'.repeat(20) })).statusCode, 401)
})
