import { inspect } from 'node:util'
import t from 'tap'
import { createShops } from '../../src/shop/shops.js'

const shops = createShops({
  shops: [
    { id: 'one', name: 'One', pool: 'demo', country: 'EE' },
    { id: 'two', name: 'Two', pool: 'demo', country: 'SE' },
    { id: 'three', name: 'Three', pool: 'demo', country: 'FI' }
  ]
}, { one: ['key-of-shop-one-1', 'key-of-shop-one-2'], two: ['key-of-shop-two-1'], gone: ['key-of-nobody-1'] })

t.test('a key leads to its shop', async (t) => {
  t.equal(shops.byKey('key-of-shop-one-1')?.id, 'one')
  t.equal(shops.byKey('key-of-shop-one-2')?.id, 'one', 'also the second one')
  t.equal(shops.byKey('key-of-shop-two-1')?.id, 'two')
})

t.test('anything else leads nowhere', async (t) => {
  for (const key of ['', 'key-of-shop-one-', 'key-of-shop-one-11', 'KEY-OF-SHOP-ONE-1', 'key-of-nobody-1', 'undefined', 'one']) {
    t.equal(shops.byKey(key), undefined, `"${key}"`)
  }
})

t.test('shops are found by id', async (t) => {
  t.equal(shops.find('three')?.country, 'FI')
  t.equal(shops.find('four'), undefined)
  t.equal(shops.find('constructor'), undefined)
})

t.test('no key can be read back', async (t) => {
  t.notOk(inspect(shops, { depth: 10, showHidden: true }).includes('key-of-shop'))
})
