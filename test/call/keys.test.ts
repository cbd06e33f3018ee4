import t from 'tap'
import { Keys, type KeySource } from '../../src/call/keys.js'

function pad(): { press: (keys: string) => void, source: KeySource, listeners: number } {
  const listeners = new Set<(digit: string) => void>()
  return {
    press: (keys) => { for (const key of keys.split('')) listeners.forEach((listener) => listener(key)) },
    source: (listener) => {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    get listeners() { return listeners.size }
  }
}
const patience = { max: 12, firstMs: 30, nextMs: 30 }

t.test('an entry ends with #, with the last allowed key, or when the person stops', async (t) => {
  const { press, source } = pad()
  const keys = new Keys([source])
  press('123#45')
  t.equal(await keys.entry(patience), '123')
  t.equal(await keys.entry({ ...patience, max: 2 }), '45', 'keys pressed between two entries are kept')
  setTimeout(() => press('7'), 5)
  t.equal(await keys.entry(patience), '7')
  t.equal(await keys.entry(patience), '', 'nobody pressed anything')
})

t.test('two sources of one person are heard as one, and none after the close', async (t) => {
  const [media, info] = [pad(), pad()]
  const keys = new Keys([media.source, info.source])
  const first = keys.pressed()
  info.press('1')
  await first
  media.press('2')
  t.equal(await keys.entry({ ...patience, max: 2 }), '12')
  keys.close()
  t.equal(media.listeners + info.listeners, 0)
})

t.test('whoever presses for ever is not remembered for ever', async (t) => {
  const { press, source } = pad()
  const keys = new Keys([source])
  press('9'.repeat(1000))
  t.equal((await keys.entry({ max: 500, firstMs: 10, nextMs: 10 })).length, 32)
})

t.test('whoever waits is let go at the close, and nobody waits after it', async (t) => {
  const keys = new Keys([pad().source])
  const waiting = keys.entry({ max: 1, firstMs: 600_000, nextMs: 0 })
  keys.close()
  t.equal(await waiting, '')
  t.equal(await keys.entry({ max: 1, firstMs: 600_000, nextMs: 0 }), '')
  await keys.pressed()
  const other = new Keys([pad().source])
  const pressed = other.pressed()
  other.close()
  await t.resolves(pressed)
})
