import t from 'tap'
import { randomBytes } from 'node:crypto'
import { normalise } from '../../src/phone/e164.js'
import { dayKey, dayScope, pseudonymOf } from '../../src/record/pseudonyms.js'
import { createRing } from '../../src/store/keyring/keyring.js'
import { memoryShelf } from '../support/memory-shelf.js'
import { silent } from '../support/log.js'
import { courier, customer, noon } from './support.js'

const ringUnder = (master: Buffer): ReturnType<typeof createRing> => createRing(memoryShelf(), { masterKeys: { current: master }, log: silent, clock: () => noon })
const ring = ringUnder(randomBytes(32))
t.teardown(() => ring.close())

t.test('G5 one number is another pseudonym in every shop, on every day, for every purpose', async (t) => {
  const tags = [
    pseudonymOf(await dayKey(ring, 'one', '20261121'), courier),
    pseudonymOf(await dayKey(ring, 'two', '20261121'), courier),
    pseudonymOf(await dayKey(ring, 'one', '20261122'), courier),
    pseudonymOf(await ring.use({ ...dayScope('one', '20261121'), purpose: 'webhook' }, noon), courier)
  ]
  t.equal(new Set(tags).size, 4)
  for (const tag of tags) {
    t.match(tag, /^[\w-]{22}$/)
    t.notMatch(tag, /46701740605/)
  }
  t.equal(pseudonymOf(await dayKey(ring, 'one', '20261121'), courier), tags[0], 'and the same one as long as its key lives')
  t.not(pseudonymOf(await dayKey(ring, 'one', '20261121'), customer), tags[0])
})

t.test('G5 one number in any spelling is one pseudonym', async (t) => {
  const key = await dayKey(ring, 'one', '20261121')
  const spellings = ['+46701740605', '0046701740605', '46701740605', '0701740605']
  t.same(new Set(spellings.map((text) => pseudonymOf(key, normalise(text, { country: 'SE' })!))), new Set([pseudonymOf(key, courier)]))
})

t.test('G5 whoever knows the number cannot compute the pseudonym', async (t) => {
  const other = ringUnder(randomBytes(32))
  t.teardown(() => other.close())
  t.not(pseudonymOf(await dayKey(other, 'one', '20261121'), courier), pseudonymOf(await dayKey(ring, 'one', '20261121'), courier), 'another installation has another one')
  await ring.destroy([dayScope('one', '20261123')])
  await t.rejects(dayKey(ring, 'one', '20261123'), { code: 'key_destroyed' }, 'and a destroyed key is never made again')
})
