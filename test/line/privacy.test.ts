import t, { type Test } from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { createLines } from '../../src/line/lines.js'
import { createLog } from '../../src/telemetry/log.js'
import { memoryKeyRing } from '../support/keyring.js'
import { lineConfig, person } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const people = [person(11), person(12), person(13), person(14)] as const
const reference = 'Kim Canary, Example Street 7'

/** Every way in which a text could lie somewhere in bytes: as it is, percent, hex, base64 at each offset. */
function forms(text: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64')
    // The ends depend on what stands beside the text.
    return encoded.slice(offset === 0 ? 0 : 4, -4)
  })
  const hex = Buffer.from(text).toString('hex')
  return [text, encodeURIComponent(text), hex, hex.toUpperCase(), ...base64, ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))]
}

/** International, national and packed spellings of a phone number. */
function spellings(phone: string): Buffer[] {
  const digits = phone.slice(1)
  const national = digits.slice(2)
  const packed = [digits, digits.padStart(12, '0'), `${digits}f`].map((nibbles) => Buffer.from(nibbles, 'hex')).filter(({ length }) => length >= 5)
  const integer = Buffer.alloc(8)
  integer.writeBigInt64BE(BigInt(digits))
  return [...[phone, digits, national, `0${national}`].flatMap(forms).map((form) => Buffer.from(form)), ...packed, integer.subarray(2), Buffer.from(integer).reverse().subarray(0, 6)]
}

const canaries = [...people.flatMap(spellings), ...['Kim Canary', 'Example Street'].flatMap(forms).map((form) => Buffer.from(form))]

function assertClean(t: Test, where: string, bytes: Buffer): void {
  t.ok(bytes.length > 0, `${where}: there is something to look at`)
  const found = canaries.filter((canary) => bytes.includes(canary))
  t.same(found.map((canary) => canary.toString('latin1')), [], where)
}

/** Everything that goes to Redis and comes back. */
async function wiretap(t: Test, url: string): Promise<{ url: string, bytes: () => Buffer }> {
  const target = new URL(url)
  const [host, port] = [target.hostname, Number(target.port)]
  const chunks: Buffer[] = []
  const server = createServer((from) => {
    const to = connect(port, host)
    for (const [a, b] of [[from, to], [to, from]] as const) {
      a.on('data', (data) => {
        chunks.push(data)
        b.write(data)
      }).on('error', () => undefined).on('close', () => b.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  target.port = String((server.address() as AddressInfo).port)
  return { url: target.toString(), bytes: () => Buffer.concat(chunks) }
}

t.test('the search finds a canary in each of its forms', async (t) => {
  for (const hidden of ['x+46701740616y', '46701740616', '0701740616', encodeURIComponent('+46701740616'), Buffer.from('ab+46701740616').toString('base64'), Buffer.from('a46701740616').toString('base64url'), Buffer.from('+46701740616').toString('hex'), Buffer.from('Hi Kim Canary!').toString('base64')]) {
    t.ok(canaries.some((canary) => Buffer.from(hidden).includes(canary)), hidden)
  }
})

t.test('no person and no reference is readable in the store, its files, its traffic or the log', async (t) => {
  const redis = await testRedis(t)
  const tap = await wiretap(t, redis.url)
  const store = await testStore(t, tap)
  const logged: Buffer[] = []
  const stream = new PassThrough().on('data', (data: Buffer) => logged.push(data))
  const clock = { now: 1_700_000_000_000 }
  const keys = memoryKeyRing(() => clock.now)
  const lines = createLines({ store, keys, config: lineConfig(), log: createLog('trace', stream), clock: () => clock.now })
  t.teardown(async () => {
    await lines.stop()
    await keys.close()
  })

  const [courier, customer, second, changed] = people
  const wanted = { shopId: 'shop', poolId: 'demo', reference, courier, customer, expiresAt: clock.now + 3_600_000, quarantineSeconds: 60, direction: 'both' as const }
  const { id, number } = await lines.allocate(wanted)
  await t.rejects(lines.allocate(wanted), { code: 'reference_in_use' })
  await lines.addPhone('shop', id, 'courier', second)
  await lines.change('shop', id, { customer: changed })
  await lines.redeem({ number, caller: second, code: '4711', party: 'courier', callId: 'r1' })
  await lines.redeem({ number: courier, caller: customer, code: courier, party: 'courier', callId: 'r2' })
  for (const [at, caller] of people.entries()) await lines.lookup(number, caller, `call-${at}`)
  await lines.lookup(courier, customer, 'call-x')
  await lines.find('shop', id)
  const values: Buffer[] = []
  for await (const names of store.scan('*')) {
    for (const name of names) values.push(Buffer.from(name), await store.call('DUMP', name) as Buffer)
  }
  assertClean(t, 'keys and values', Buffer.concat(values))
  await lines.close('shop', id)
  clock.now += 100_000
  await lines.sweep()

  const files = readdirSync(redis.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  assertClean(t, 'files', Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name)))))
  assertClean(t, 'traffic', tap.bytes())
  t.equal(logged.some((line) => canaries.some((canary) => line.includes(canary))), false, 'log')
})

t.test('errors hold no value', async (t) => {
  const store = await testStore(t, await testRedis(t))
  const keys = memoryKeyRing()
  t.teardown(() => keys.close())
  const lines = createLines({ store, keys, config: lineConfig({ numbers: ['+442079460000'] }), log: createLog('silent') })
  t.teardown(() => lines.stop())
  const wanted = { shopId: 'shop', poolId: 'demo', reference, courier: people[0], customer: people[1], expiresAt: Date.now() + 3_600_000, quarantineSeconds: 60, direction: 'both' as const }
  const { id } = await lines.allocate(wanted)
  const failures = [
    lines.allocate(wanted), lines.allocate({ ...wanted, reference: 'x' }), lines.allocate({ ...wanted, reference: 'x', customer: people[0] }),
    lines.allocate({ ...wanted, expiresAt: 1 }), lines.addPhone('shop', id, 'courier', people[0]), lines.addPhone('other', id, 'courier', people[2]),
    lines.change('shop', id, { courier: people[1] })
  ]
  for (const { status, reason } of await Promise.allSettled(failures) as { status: string, reason: Error }[]) {
    t.equal(status, 'rejected')
    assertClean(t, reason.message, Buffer.from(JSON.stringify(reason) + String(reason.stack) + String(reason.cause)))
  }
})
