import t from 'tap'
import { MaskError } from '../../src/errors.js'
import { createSettings, type ShopSettings } from '../../src/shop/settings.js'
import type { Store } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import { testRedis, testStore } from '../support/redis.js'

const supportPhone = '+46701740699'
const defaults: ShopSettings = { language: 'en', ringTimeoutSeconds: 45, maxDurationSeconds: 900, acceptance: 'off', hint: false, quarantineSeconds: 86400, numberCountries: [], numberCountryStrict: false, recording: false, withheldCallers: 'allow', callsAtOnce: null, callsPerHour: null, minutesPerDay: null, supportPhone: null }
const store = await testStore(t, await testRedis(t))
const parts = (ring = memoryKeyRing(), over: Store = store): Parameters<typeof createSettings>[0] => ({ store: over, ring, defaults, defaultsOf: () => defaults })

t.test('what a shop sets is kept sealed, for it alone', async (t) => {
  const ring = memoryKeyRing()
  t.strictSame(await createSettings(parts(ring)).read('one'), defaults)
  await createSettings(parts(ring)).change('one', { supportPhone, hint: true })
  t.strictSame(await createSettings(parts(ring)).read('one'), { ...defaults, supportPhone, hint: true })
  t.strictSame(await createSettings(parts(ring)).read('two'), defaults)
  t.match(await ring.list(), [{ scope: { purpose: 'settings', owner: 'one', period: '0' } }], 'under the key of the shop')
  const kept = (await store.get('settings:{shop.one}'))!.toString('latin1')
  for (const secret of [supportPhone, supportPhone.slice(4), 'supportPhone']) t.notOk(kept.includes(secret))
})

t.test('a shop whose key is gone has none, and calls go on by the defaults', async (t) => {
  const ring = memoryKeyRing()
  await createSettings(parts(ring)).change('three', { supportPhone })
  await ring.destroy([{ purpose: 'settings', owner: 'three', period: '0' }])
  await t.rejects(createSettings(parts(ring)).read('three'), { code: 'key_destroyed' })
  await t.rejects(createSettings(parts(ring)).change('three', { hint: true }), { code: 'key_destroyed' })
  t.strictSame(await createSettings(parts(ring)).of('three'), defaults)
})

t.test('while the store is away the last known settings hold', async (t) => {
  const clock = { now: 0 }
  let away = false
  const shaky: Store = { ...store, get: async (key) => away ? Promise.reject(new MaskError('store_unavailable')) : store.get(key) }
  const settings = createSettings({ ...parts(memoryKeyRing(), shaky), clock: () => clock.now })
  await settings.change('four', { hint: true })
  away = true
  clock.now = 3600_000
  t.equal((await settings.of('four')).hint, true)
  t.equal((await settings.of('five')).hint, false)
})
