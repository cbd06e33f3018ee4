import t, { type Test } from 'tap'
import { startWhole } from '../support/whole.js'
import { maskline, type Said } from './support.js'

// Each command is a process that has to start, on a machine that may be busy.
t.setTimeout(180_000)
const whole = await startWhole(t)
const env = { MASKLINE_URL: `http://127.0.0.1:${whole.app.httpPort}`, MASKLINE_DATA_DIR: whole.config.dataDir }
const said = new Map<string, Said>()
/** Runs it and sees to it that the key in use is never shown. */
async function cli(t: Test, ...args: readonly string[]): Promise<Said> {
  const answer = await maskline(env, ...args)
  said.set(args.join(' '), answer)
  t.notMatch(`${answer.out}${answer.err}`, whole.app.apiKey, 'the key in use is not shown')
  return answer
}
const data = ({ out }: Said): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>

t.test('status and numbers', async (t) => {
  await whole.api('POST', '/v1/deliveries', { reference: 'order-1', courier: { phone: '+46701740605' }, customer: { phone: '+46701740606' }, ttlSeconds: 3600 })
  const [text, json, numbers] = await Promise.all([cli(t, 'status'), cli(t, 'status', '--json'), cli(t, 'numbers')])
  t.equal(text.exit, 0, text.err)
  t.match(text.out, /ready {4}yes[^]*calls {4}0 live[^]*1 live deliver/)
  t.match(data(json), { ready: true, calls: { live: 0 }, numbers: { live: 1, held: 1, fullest: 1 } })
  t.match(numbers.out, /^NUMBER +COUNTRY +STATE +LIVE +HELD\n\+4420794600\d\d +GB +in_service +\d +\d\n/)
})

t.test('the newest calls', async (t) => {
  const { body } = await whole.api('POST', '/v1/deliveries', { reference: 'order-2', courier: { phone: '+46701740607' }, customer: { phone: '+46701740608' }, ttlSeconds: 3600 })
  const id = String(body.id)
  t.match(id, /^demo-/, JSON.stringify(body))
  // Nobody answers at the gateway: two calls that fail, one after the other.
  for (const count of [1, 2]) {
    await whole.api('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })
    await whole.endedCalls(id, count)
  }
  const [one, all] = await Promise.all([cli(t, 'calls', '--limit', '1', '--json'), cli(t, 'calls')])
  const calls = await whole.endedCalls(id, 2)
  const newest = calls.toSorted((a, b) => String(a.startedAt).localeCompare(String(b.startedAt))).at(-1)
  t.match(data(one).calls, [{ id: newest?.id, startedBy: 'shop', state: 'ended' }])
  t.equal((data(one).calls as unknown[]).length, 1)
  for (const call of calls) t.match(all.out, call.id)
  t.notMatch(all.out, /\+467/)
})

t.test('a key is made, rotated and revoked; only new ones are shown', async (t) => {
  const made = await cli(t, 'keys', 'create', '--label', 'order system', '--role', 'app')
  t.equal(made.exit, 0, made.err)
  const [, id = ''] = /^The key ([a-z]+) \(app\) is shown this once\.\n$/.exec(made.err) ?? []
  const key = made.out.trim()
  t.match(key, new RegExp(`^mk_[a-z0-9]+_${id}_\\S+$`), 'alone on standard output')
  const refused = await maskline({ ...env, MASKLINE_API_KEY: key }, 'retention')
  t.match(refused, { exit: 1, out: '', err: /^[^\n]+\(forbidden\)\.\n$/ }, 'it works, as what it is')
  const rotated = await cli(t, 'keys', 'rotate', id, '--grace', '0', '--json')
  t.match(data(rotated), { key: /^mk_/, roles: ['app'] })
  const list = await cli(t, 'keys')
  t.match(list.out, new RegExp(`${id} +app +(expired|revoked)[^]*order system`))
  t.notMatch(list.out, /mk_/)
  t.match(await cli(t, 'keys', 'revoke', String(data(rotated).id)), { exit: 0, out: /revoked/ })
  t.match(await cli(t, 'keys', 'revoke', 'nobody'), { exit: 1, out: '', err: /\(key_not_found\)\.\n$/ })
})

t.test('retention, audit trail, papers', async (t) => {
  const [periods, run, audit, paper, nothing] = [
    await cli(t, 'retention'), await cli(t, 'retention', 'run'), await cli(t, 'audit', 'verify', '--json'),
    await cli(t, 'documents', 'retention-table'), await cli(t, 'documents', 'no/such')
  ]
  t.match(periods, { exit: 0, out: /^CLASS[^]*\nrecord +30 days [^]*Deletion: ok/ })
  t.match(run, { exit: 0, out: /^CLASS +DUE[^]*\nRun [a-z]+: done\.\n$/ })
  t.match(data(audit), { whole: true })
  t.match(paper, { exit: 0, out: /^# [^]*record/ })
  t.match(nothing, { exit: 1, out: '', err: /\(request_invalid/ })
})

t.test('what is not understood ends with 2, what cannot be done with 1, each in one sentence', async (t) => {
  const secret = 'mk_a-key-that-slipped'
  const misuses = await Promise.all([maskline(env), maskline(env, secret), maskline(env, 'calls', '--limit', '0'), maskline(env, 'numbers', secret), maskline(env, 'status', `--${secret}`), maskline({ MASKLINE_URL: `http://u:${secret}@127.0.0.1` }, 'status')])
  for (const { exit, out, err } of misuses) {
    t.equal(exit, 2)
    t.notMatch(`${out}${err}`, secret)
  }
  const failures = await Promise.all([
    maskline({ MASKLINE_URL: 'http://127.0.0.1:9', MASKLINE_API_KEY: secret }, 'numbers'),
    maskline({ ...env, MASKLINE_API_KEY: secret }, 'numbers'),
    maskline({ ...env, MASKLINE_API_KEY: `${secret}\nX: y` }, 'numbers'),
    maskline({ ...env, MASKLINE_DATA_DIR: '/nonexistent' }, 'numbers')
  ])
  const sentences = [/^No server answers/, /\(unauthorized\)/, /MASKLINE_API_KEY must be/, /^There is no API key/]
  for (const [index, { exit, out, err }] of failures.entries()) {
    t.strictSame([exit, out], [1, ''])
    t.match(err, sentences[index]!)
    t.match(err, /^[^\n]+\n$/, 'one line')
    t.notMatch(err, secret)
  }
})

t.test('files of a running server are as they should be', async (t) => {
  const found = await cli(t, 'backup', 'check')
  t.equal(found.exit, 0, found.out)
  t.match(found.out, /append-only[^]*append-only[^]*no snapshot of keys/)
})
