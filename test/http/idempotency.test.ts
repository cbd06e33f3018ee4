import t from 'tap'
import type { Lines } from '../../src/line/types.js'
import { MaskError } from '../../src/errors.js'
import { createIdempotency } from '../../src/http/idempotency.js'
import type { Problem } from '../../src/http/errors.js'
import { memoryKeyRing } from '../support/keyring.js'
import { captured, silent } from '../support/log.js'
import { courier, keys, order, reference, testApi, third } from './support.js'

const api = await testApi(t)
const { send, store, keyRing: ring, lines } = api
let counter = 0
const freshOrder = (change: Record<string, unknown> = {}): Record<string, unknown> => order({ reference: `${reference}-${++counter}`, ...change })
const withKey = (key: string): { headers: Record<string, string> } => ({ headers: { 'idempotency-key': key } })
const live = async (): Promise<number> => (await lines.numbers('demo')).reduce((sum, number) => sum + number.live, 0)

/** A place where somebody waits until it opens, and that says when they are there. */
function gateway(): { pass: () => Promise<void>, reached: Promise<void>, open: () => void } {
  let open: () => void = () => undefined
  let arrive: () => void = () => undefined
  const opened = new Promise<void>((resolve) => { open = resolve })
  const reached = new Promise<void>((resolve) => { arrive = resolve })
  return { open, reached, pass: () => { arrive(); return opened } }
}

t.test('the same request gets the same answer and no second line', async (t) => {
  const body = freshOrder()
  const first = await send('POST', '/v1/deliveries', body, withKey('key-1'))
  t.equal(first.statusCode, 201, first.body)
  const before = await live()
  const again = await send('POST', '/v1/deliveries', body, withKey('key-1'))
  t.equal(again.statusCode, 201)
  t.strictSame(again.json(), first.json(), 'with the access code')
  t.equal(again.headers.location, first.headers.location)
  const reordered = Object.fromEntries(Object.entries(body).reverse())
  t.strictSame((await send('POST', '/v1/deliveries', JSON.stringify(reordered, null, 2), withKey('key-1'))).json(), first.json(), 'in another spelling')
  t.equal(await live(), before)
})

t.test('another body under the same key is refused', async (t) => {
  t.equal((await send('POST', '/v1/deliveries', freshOrder(), withKey('key-2'))).statusCode, 201)
  const before = await live()
  const other = await send('POST', '/v1/deliveries', freshOrder({ courier: { phone: third } }), withKey('key-2'))
  t.equal(other.statusCode, 422)
  t.match(other.json(), { code: 'idempotency_mismatch', field: 'Idempotency-Key' })
  t.equal(await live(), before)
})

t.test('keys of two shops have nothing to do with each other', async (t) => {
  const body = freshOrder()
  const one = await send('POST', '/v1/deliveries', body, withKey('key-3'))
  const two = await send('POST', '/v1/deliveries', body, { ...withKey('key-3'), key: keys.two })
  t.equal(two.statusCode, 201, two.body)
  t.not(two.json<{ id: string }>().id, one.json<{ id: string }>().id)
})

t.test('a request that failed may be tried again with its key', async (t) => {
  const body = freshOrder()
  t.equal((await send('POST', '/v1/deliveries', body)).statusCode, 201)
  t.equal((await send('POST', '/v1/deliveries', body, withKey('key-4'))).json<Problem>().code, 'reference_in_use')
  t.equal((await send('POST', '/v1/deliveries', freshOrder(), withKey('key-4'))).statusCode, 201, 'even with another body')
})

t.test('a bad request does not use the key up', async (t) => {
  t.equal((await send('POST', '/v1/deliveries', freshOrder({ ttlSeconds: 1 }), withKey('key-5'))).statusCode, 422)
  t.equal((await send('POST', '/v1/deliveries', freshOrder(), withKey('key-5'))).statusCode, 201)
})

t.test('two at the same time make one line', async (t) => {
  const body = freshOrder()
  const before = await live()
  const answers = await Promise.all(Array.from({ length: 10 }, () => send('POST', '/v1/deliveries', body, withKey('key-6'))))
  const made = answers.filter(({ statusCode }) => statusCode === 201)
  t.ok(made.length >= 1)
  t.equal(new Set(made.map(({ body: text }) => text)).size, 1, 'every success is the same')
  for (const answer of answers.filter(({ statusCode }) => statusCode !== 201)) {
    t.equal(answer.statusCode, 409)
    t.equal(answer.json<Problem>().code, 'idempotency_in_progress')
    t.equal(answer.headers['retry-after'], '1')
  }
  t.equal(await live(), before + 1)
})

t.test('while the first is under way the second is told so', async (t) => {
  const gate = gateway()
  const slow: Lines = { ...lines, allocate: async (wanted) => {
    await gate.pass()
    return lines.allocate(wanted)
  } }
  const { send } = await testApi(t, { lines: slow, idempotency: createIdempotency({ store, ring, log: silent }) })
  const body = freshOrder()
  const first = send('POST', '/v1/deliveries', body, withKey('key-7'))
  const again = (): Promise<unknown> => send('POST', '/v1/deliveries', body, withKey('key-7'))
  await gate.reached
  t.match(await again(), { statusCode: 409 })
  const other = await send('POST', '/v1/deliveries', freshOrder(), withKey('key-7'))
  t.equal(other.statusCode, 422, 'another body is refused at once')
  gate.open()
  t.equal((await first).statusCode, 201)
  t.match(await again(), { statusCode: 201 })
})

t.test('a key is 1 to 128 visible characters', async (t) => {
  for (const key of ['', ' ', 'two words', 'x'.repeat(129), 'schlüssel']) {
    const answer = await send('POST', '/v1/deliveries', freshOrder(), withKey(key))
    t.match(answer.json(), { status: 422, code: 'request_invalid', field: 'Idempotency-Key' }, `"${key}"`)
  }
  t.equal((await send('POST', '/v1/deliveries', freshOrder(), withKey('!'.repeat(128)))).statusCode, 201)
})

t.test('what is kept is sealed, named by HMAC, and gone after a day', async (t) => {
  const answer = (await send('POST', '/v1/deliveries', freshOrder({ direction: 'courier' }), withKey('canary-key-8'))).json<Record<string, string>>()
  let seen = 0
  for await (const names of store.scan('idem:*')) {
    for (const name of names) {
      const value = (await store.get(name))!.toString('latin1')
      for (const secret of ['canary', reference, courier, answer.id!, answer.number!, 'accessCode']) {
        t.notOk(name.includes(secret) || value.includes(secret), `no ${secret}`)
      }
      const ttl = Number(await store.call('PTTL', name))
      t.ok(ttl > 0 && ttl <= 24 * 3600_000, 'has an end')
      seen += 1
    }
  }
  t.ok(seen >= 6)
})

t.test('other keys cannot read the answer', async (t) => {
  const mine = createIdempotency({ store, ring, log: silent })
  const begun = await mine.begin('one', 'key-9', { a: 1 })
  t.ok('finish' in begun)
  if ('finish' in begun) await begun.finish('the answer')
  t.strictSame(await mine.begin('one', 'key-9', { a: 1 }), { answer: 'the answer' })
  const theirs = createIdempotency({ store, ring: memoryKeyRing(), log: silent })
  t.ok('finish' in await theirs.begin('one', 'key-9', { a: 1 }), 'it does not even find it')
})

t.test('an answer that cannot be kept is still given', async (t) => {
  const broken = { ...store, set: async (...args: Parameters<typeof store.set>) => {
    if (args[2]?.ifAbsent !== true) throw new MaskError('store_unavailable')
    return store.set(...args)
  } }
  const { log, text } = captured()
  const shaky = createIdempotency({ store: broken, ring, log })
  const begun = await shaky.begin('one', 'key-10', {})
  if ('finish' in begun) await t.resolves(begun.finish('x'))
  await t.rejects(shaky.begin('one', 'key-10', {}), { code: 'idempotency_in_progress' })
  t.match(text(), /"operation":"finish".*idempotency\.lost/)
})

t.test('midnight does not part a request from its repetition, and the day key that is gone takes the answer with it', async (t) => {
  const clock = { now: Date.UTC(2026, 10, 21, 23, 59, 59, 900) }
  const ring = memoryKeyRing(() => clock.now)
  const idempotency = createIdempotency({ store, ring, log: silent, clock: () => clock.now })
  const begun = await idempotency.begin('one', 'key-11', { a: 1 })
  clock.now += 200
  await t.rejects(idempotency.begin('one', 'key-11', { a: 1 }), { code: 'idempotency_in_progress' })
  if ('finish' in begun) await begun.finish('the answer')
  clock.now += 23 * 3600_000
  t.strictSame(await idempotency.begin('one', 'key-11', { a: 1 }), { answer: 'the answer' })
  await t.rejects(idempotency.begin('one', 'key-11', { a: 2 }), { code: 'idempotency_mismatch' })
  const keys = await ring.list({ purpose: 'mapping', owner: 'one' })
  t.match(keys, [{ scope: { period: '20261121' } }, { scope: { period: '20261122' } }])
  t.ok(keys[0]!.neededUntil >= Date.UTC(2026, 10, 22, 23, 59, 59, 900), 'needed as long as the answer is kept')
  await ring.destroy([keys[0]!.scope])
  await t.rejects(idempotency.begin('one', 'key-11', { a: 1 }), { code: 'key_destroyed' })
})
