import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
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

t.test('another process hears of a change within five seconds, and nobody waits for it where calls come all the time', async (t) => {
  const clock = { now: 0 }
  let asked = 0
  let slow = Promise.resolve()
  const counting: Store = { ...store, get: async (key) => { asked++; await slow; return store.get(key) } }
  const ring = memoryKeyRing()
  const here = createSettings({ ...parts(ring, counting), clock: () => clock.now })
  const there = createSettings(parts(ring))
  t.equal((await here.of('six')).hint, false)
  await there.change('six', { hint: true })
  clock.now = 2000
  t.equal((await here.of('six')).hint, false)
  t.equal(asked, 1)

  let come: () => void = () => undefined
  slow = new Promise((resolve) => { come = resolve })
  clock.now = 3000
  t.same((await Promise.all([here.of('six'), here.of('six')])).map(({ hint }) => hint), [false, false], 'what is known will do while it is asked for')
  t.equal(asked, 2, 'once for both')
  clock.now = 5000
  const late = here.of('six')
  come()
  t.equal((await late).hint, true, 'what is five seconds old is waited for')
  t.equal(asked, 2)

  clock.now = 8001
  t.equal((await here.of('six')).hint, true)
  await there.change('six', { hint: false })
  clock.now = -3600_000
  t.equal((await here.of('six')).hint, false, 'a clock that was put back keeps nothing')
})

t.test('an answer from before a change does not undo it', async (t) => {
  const clock = { now: 0 }
  let held = Promise.resolve()
  const slow: Store = { ...store, get: async (key) => { const blob = await store.get(key); await held; return blob } }
  const settings = createSettings({ ...parts(memoryKeyRing(), slow), clock: () => clock.now })
  await settings.change('seven', { ringTimeoutSeconds: 30 })
  let come: () => void = () => undefined
  held = new Promise((resolve) => { come = resolve })
  clock.now = 3000
  t.equal((await settings.of('seven')).ringTimeoutSeconds, 30)
  await sleep(20)
  held = Promise.resolve()
  await settings.change('seven', { ringTimeoutSeconds: 20 })
  come()
  await sleep(20)
  t.equal((await settings.of('seven')).ringTimeoutSeconds, 20)
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
