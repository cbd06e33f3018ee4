import t from 'tap'
import { createPacingClock } from '../../../src/media/embedded/clock.js'

t.test('all beats share one time, which does not drift', async (t) => {
  const clock = createPacingClock()
  const times: number[] = []
  let others = 0
  const stopOther = clock.start(() => { others++ })
  await new Promise<void>((resolve) => {
    const stop = clock.start(() => {
      times.push(performance.now())
      if (times.length < 25) return
      stop()
      stopOther()
      resolve()
    })
  })
  t.equal(others, 25)
  t.notOk(clock.beating)
  const length = times[24]! - times[0]!
  t.ok(length > 440, `24 beats take ${Math.round(length)} ms`)
})

t.test('a short stall is made up for, a long one is left out', async (t) => {
  let now = 0
  const clock = createPacingClock(() => now)
  let beats = 0
  const stop = clock.start(() => { beats++ })
  t.teardown(stop)
  const woken = async (): Promise<number> => {
    const before = beats
    while (beats === before) await new Promise((resolve) => { setTimeout(resolve, 5) })
    return beats - before
  }
  now = 20
  t.equal(await woken(), 1)
  now = 100
  t.equal(await woken(), 4, 'four beats at once')
  now = 60000
  t.equal(await woken(), 1, 'not three thousand')
})

t.test('a beat may stop others and start new ones', async (t) => {
  const clock = createPacingClock()
  const seen: string[] = []
  await new Promise<void>((resolve) => {
    const stopFirst = clock.start(() => {
      seen.push('first')
      stopFirst()
      stopSecond()
      const stopThird = clock.start(() => {
        seen.push('third')
        stopThird()
        resolve()
      })
    })
    const stopSecond = clock.start(() => seen.push('second'))
  })
  t.same(seen, ['first', 'third'])
  t.notOk(clock.beating)
})
