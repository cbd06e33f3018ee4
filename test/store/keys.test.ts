import t from 'tap'
import { keyName, poolKey } from '../../src/store/keys.js'

t.test('all keys of a pool carry the same hash tag', async (t) => {
  t.equal(poolKey('load', 'demo'), 'load:{demo}')
  t.equal(poolKey('d', 'demo', 'bcdf'), 'd:{demo}:bcdf')
  t.equal(keyName('records', 'shop.demo', '2025-01-01'), 'records:{shop.demo}:2025-01-01')
})
