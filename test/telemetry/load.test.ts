import t from 'tap'
import { createLoad } from '../../src/telemetry/load.js'

t.test('counts bound what is under way', async (t) => {
  const load = createLoad({ eventLoopDelayMs: 50, delayMs: () => 0 })
  t.teardown(() => load.close())
  t.ok(load.admits(9, 10))
  t.notOk(load.admits(10, 10))
})

t.test('while work waits, less and less is admitted; afterwards more and more', async (t) => {
  let delay = 80
  const load = createLoad({ eventLoopDelayMs: 50, delayMs: () => delay })
  t.teardown(() => load.close())
  const admitted = (): number => Array.from({ length: 100 }, () => load.admits(100, 1000)).filter(Boolean).length
  t.equal(admitted(), 100)
  load.sample()
  const once = admitted()
  t.ok(once >= 68 && once <= 72, `${once}`)
  for (let at = 0; at < 20; at++) load.sample()
  t.ok(admitted() >= 4, 'never nothing, or nobody would learn that it is over')
  t.ok(admitted() < 10)
  t.ok(load.admits(3, 1000), 'with little under way the delay is not our doing')
  delay = 0
  for (let at = 0; at < 60; at++) load.sample()
  t.equal(admitted(), 100)
})

t.test('its own measure is a number', async (t) => {
  const load = createLoad({ eventLoopDelayMs: 5000 })
  t.teardown(() => load.close())
  await new Promise((resolve) => setTimeout(resolve, 50))
  load.sample()
  t.ok(load.admits(100, 1000))
})
