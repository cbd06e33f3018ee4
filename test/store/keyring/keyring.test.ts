import t from 'tap'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { createRing } from '../../../src/store/keyring/keyring.js'
import { forever, keyPurposes, type KeyScope } from '../../../src/store/keyring/types.js'
import { captured, silent } from '../../support/log.js'
import { memoryShelf } from '../../support/memory-shelf.js'
import { day, hour, noon, ringOn, shelves, today, yesterday } from './support.js'

for (const [kind, shelfOf] of Object.entries(shelves)) {
  t.test(`${kind}: one scope has one key, also for another process`, async (t) => {
    const shelf = await shelfOf(t)
    const masterKeys = { current: randomBytes(32) }
    const [one, two] = [ringOn(t, shelf, { masterKeys }), ringOn(t, shelf, { masterKeys })]
    t.equal(await one.find(today), undefined)
    const key = await one.use(today, noon)
    t.equal((await two.use(today, noon)).tag('x'), key.tag('x'))
    t.equal((await two.find(today))?.tag('x'), key.tag('x'))
    t.equal((await two.open(key.seal('secret', 'c'), today, 'c')).toString(), 'secret')
    const others: KeyScope[] = [yesterday, { ...today, owner: 'shop2' }, { ...today, purpose: 'mapping' }, { ...today, period: '0' }]
    const tags = await Promise.all(others.map(async (scope) => (await one.use(scope, noon)).tag('x')))
    t.equal(new Set([key.tag('x'), ...tags]).size, 5, 'every scope its own')
  })

  t.test(`${kind}: how long a key is needed grows only, in steps of ten minutes`, async (t) => {
    const shelf = await shelfOf(t)
    const masterKeys = { current: randomBytes(32) }
    const ring = ringOn(t, shelf, { masterKeys })
    await ring.use(today, noon + 1)
    t.match(await ring.list(), [{ scope: today, createdAt: noon, neededUntil: noon + 600_000 }])
    await ring.use(today, noon + 3 * hour)
    await ring.use(today, noon + hour)
    await ringOn(t, shelf, { masterKeys }).use(today, noon + hour)
    t.equal((await ring.list())[0]?.neededUntil, noon + 3 * hour)
    await ring.use({ ...today, purpose: 'settings', period: '0' }, forever)
    t.equal((await ring.list({ purpose: 'settings' }))[0]?.neededUntil, forever)
  })

  t.test(`${kind}: a list of all, of a purpose, of an owner`, async (t) => {
    const ring = ringOn(t, await shelfOf(t))
    const scopes = ['shop1', 'shop', 'shop10'].flatMap((owner) => (['record', 'mapping'] as const).flatMap((purpose) => ['20261120', '20261121', '0'].map((period) => ({ purpose, owner, period }))))
    await Promise.all(scopes.map((scope) => ring.use(scope, noon)))
    const listed = async (of?: Parameters<typeof ring.list>[0]): Promise<KeyScope[]> => (await ring.list(of)).map(({ scope }) => scope)
    const text = ({ purpose, owner, period }: KeyScope): string => `${purpose}.${owner}.${period}`
    const wanted = (accept: (scope: KeyScope) => boolean): KeyScope[] => scopes.filter(accept).sort((a, b) => text(a) < text(b) ? -1 : 1)
    t.same(await listed(), wanted(() => true))
    t.same(await listed({ purpose: 'record' }), wanted(({ purpose }) => purpose === 'record'))
    t.same(await listed({ purpose: 'record', owner: 'shop1' }), wanted(({ purpose, owner }) => purpose === 'record' && owner === 'shop1'))
    t.same(await listed({ owner: 'shop' }), wanted(({ owner }) => owner === 'shop'))
    t.same(await listed({ purpose: 'audit' }), [])
    await ring.rewrap()
    t.match(ring.stats(), { alive: { record: 9, mapping: 9, audit: 0 } })
  })

  t.test(`${kind}: what was destroyed never comes back`, async (t) => {
    const shelf = await shelfOf(t)
    const clock = { now: noon }
    const masterKeys = { current: randomBytes(32) }
    const ring = ringOn(t, shelf, { clock, masterKeys })
    const key = await ring.use(today, noon)
    const blob = key.seal('secret', 'c')
    const never = { ...today, owner: 'shop9' }
    const proofs = await ring.destroy([today, never])
    t.match(proofs, [{ scope: today, destroyedAt: noon, fingerprint: /^[0-9a-f]{32}$/, filesRewritten: true }], 'a proof for the one that was there')
    t.equal(proofs.length, 1)
    for (const work of [() => key.seal('x', 'c'), () => key.open(blob, 'c'), () => key.tag('x')]) t.throws(work, { code: 'key_destroyed' }, 'who holds it cannot use it')
    for (const one of [ring, ringOn(t, shelf, { clock, masterKeys })]) {
      await t.rejects(one.use(today, noon), { code: 'key_destroyed' })
      await t.rejects(one.use(never, noon), { code: 'key_destroyed' }, 'nor does one begin where one was never made')
      await t.rejects(one.open(blob, today, 'c'), { code: 'key_destroyed' })
      t.equal(await one.find(today), undefined)
      t.same(await one.list(), [])
    }
    t.same(await ring.destroy([today, never]), [], 'again')
  })

  t.test(`${kind}: no key begins for a day that is long over`, async (t) => {
    const shelf = await shelfOf(t)
    const clock = { now: noon }
    const ring = ringOn(t, shelf, { clock })
    const early = await ring.use(yesterday, noon)
    clock.now = noon + 101 * day
    await t.rejects(ring.use(today, clock.now), { code: 'key_destroyed' })
    t.equal((await ring.use(yesterday, clock.now)).tag('x'), early.tag('x'), 'one that is there goes on')
    await t.resolves(ring.use({ ...today, period: '0' }, clock.now))
  })
}

t.test('a scope that is none is refused', async (t) => {
  const ring = ringOn(t, memoryShelf())
  const bad: Partial<Record<keyof KeyScope, string>>[] = [
    { owner: '' }, { owner: 'a.b' }, { owner: 'a b' }, { owner: 'a:{b}' }, { owner: 'x'.repeat(65) }, { purpose: 'other' },
    { period: '' }, { period: '1' }, { period: '00' }, { period: '20260230' }, { period: '20261301' }, { period: '2026112' }
  ]
  for (const change of bad) await t.rejects(ring.use({ ...today, ...change } as KeyScope, noon), { code: 'internal' }, JSON.stringify(change))
  for (const purpose of keyPurposes) await t.resolves(ring.use({ ...today, purpose }, noon))
})

t.test('G3: what is sealed opens again, under its own key and context only', async (t) => {
  const ring = ringOn(t, memoryShelf())
  const [key, other] = [await ring.use(today, noon), await ring.use(yesterday, noon)]
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => key.open(key.seal(plain, context), context).toString() === plain))
  fc.assert(fc.property(fc.uint8Array(), fc.string(), (plain, context) => key.open(key.seal(Buffer.from(plain), context), context).equals(plain)))
  const blob = key.seal('+46701740605', 'delivery-1')
  t.not(blob.toString('hex'), key.seal('+46701740605', 'delivery-1').toString('hex'), 'never the same bytes')
  t.notMatch(blob.toString('latin1'), /46701740605/)
  t.equal(blob.length, 33 + 12)
  t.same([blob[0], blob.readUInt32BE(1)], [2, 20261121])
  t.throws(() => key.open(blob, 'delivery-2'), { code: 'internal' }, 'moved elsewhere')
  t.throws(() => other.open(blob, 'delivery-1'), { code: 'internal' }, 'another day')
  await t.rejects(ring.open(blob, { purpose: 'record', owner: 'shop2' }, 'delivery-1'), { code: 'key_destroyed' }, 'another shop, which has no such key')
  for (let at = 0; at < blob.length; at++) {
    const changed = Buffer.from(blob)
    changed[at]! ^= 1
    t.throws(() => key.open(changed, 'delivery-1'), { code: 'internal' }, `byte ${at} changed`)
  }
  for (const length of [0, 1, 20, 32]) {
    t.throws(() => key.open(blob.subarray(0, length), 'delivery-1'), { code: 'internal' }, `cut to ${length}`)
    await t.rejects(ring.open(blob.subarray(0, length), today, 'delivery-1'), { code: 'internal' })
  }
})

t.test('tags are stable, short, and differ by key and place', async (t) => {
  const ring = ringOn(t, memoryShelf())
  const [key, other] = [await ring.use(today, noon), await ring.use(yesterday, noon)]
  const tags = [key.tag('a', '+46701740605'), key.tag('b', '+46701740605'), key.tag('a', '+46701740606'), key.tag('a+', '46701740605'), key.tag('a'), other.tag('a', '+46701740605')]
  t.equal(new Set(tags).size, tags.length)
  t.equal(key.tag('a', '+46701740605'), tags[0])
  for (const one of tags) t.match(one, /^[\w-]{22}$/)
})

t.test('G6: a master key of another length is refused', async (t) => {
  for (const length of [0, 16, 31, 33]) t.throws(() => createRing(memoryShelf(), { masterKeys: { current: randomBytes(length) }, log: silent }), { code: 'config_invalid' })
  t.throws(() => createRing(memoryShelf(), { masterKeys: { current: randomBytes(32), former: randomBytes(16) }, log: silent }), { code: 'config_invalid' })
})

t.test('G6: what happens to keys is logged, without a secret and without a number', async (t) => {
  const { log, text } = captured()
  const ring = ringOn(t, memoryShelf(), { log })
  await ring.use(today, noon)
  await ring.use({ purpose: 'tag', owner: 'pool1', period: '0' }, noon)
  const [proof] = await ring.destroy([today])
  const lines = text().trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(lines, [
    { msg: 'keys.made', purpose: 'record', shopId: 'shop1', day: '2026-11-21' },
    { msg: 'keys.made', purpose: 'tag', poolId: 'pool1', day: 'none' },
    { msg: 'keys.destroyed', purpose: 'record', shopId: 'shop1', day: '2026-11-21' }
  ])
  t.notOk(text().includes(proof!.fingerprint))
})
