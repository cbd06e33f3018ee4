import t from 'tap'
import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { createVault } from '../../src/store/crypto.js'

const key = randomBytes(32)
const vault = createVault(key)

t.test('what is sealed opens again, under the same key and context only', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => vault.open(vault.seal(plain, context), context) === plain))
  const blob = vault.seal('secret', 'delivery-1')
  t.throws(() => vault.open(blob, 'delivery-2'), { code: 'internal' }, 'moved to another delivery')
  t.throws(() => createVault(randomBytes(32)).open(blob, 'delivery-1'), { code: 'internal' }, 'another master key')
  for (let at = 0; at < blob.length; at++) {
    const changed = Buffer.from(blob)
    changed[at]! ^= 1
    t.throws(() => vault.open(changed, 'delivery-1'), { code: 'internal' }, `byte ${at} changed`)
  }
  t.throws(() => vault.open(blob.subarray(0, 20), 'delivery-1'), { code: 'internal' }, 'cut short')
})

t.test('the same text never seals to the same bytes, and does not show', async (t) => {
  const [one, two] = [vault.seal('+46701740605', 'x'), vault.seal('+46701740605', 'x')]
  t.not(one.toString('hex'), two.toString('hex'))
  t.notMatch(one.toString('latin1'), /46701740605/)
})

t.test('tags are stable, short, and differ by key, purpose and place', async (t) => {
  const tags = [
    vault.lookupTag('a', '+46701740605'), vault.lookupTag('b', '+46701740605'), vault.lookupTag('a', '+46701740606'),
    vault.referenceTag('a', '+46701740605'), vault.codeTag('a', '+46701740605'), vault.tagger('other')('a', '+46701740605'),
    vault.lookupTag('a+', '46701740605'), createVault(randomBytes(32)).lookupTag('a', '+46701740605')
  ]
  t.equal(new Set(tags).size, tags.length)
  t.equal(createVault(Buffer.from(key)).lookupTag('a', '+46701740605'), tags[0])
  for (const tag of tags) t.match(tag, /^[\w-]{22}$/)
})

t.test('a key of another size is refused', async (t) => {
  t.throws(() => createVault(randomBytes(31)), { code: 'config_invalid' })
})
