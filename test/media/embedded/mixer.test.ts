import t from 'tap'
import { Mixer } from '../../../src/media/embedded/mixer.js'
import type { PacingClock } from '../../../src/media/embedded/clock.js'
import { decodeG711 } from '../../../src/media/rtp/g711.js'

function stage(): { mixer: Mixer, beat: () => Int16Array, stopped: () => boolean } {
  let tick = (): void => undefined
  let stopped = false
  const clock: PacingClock = { beating: true, start: (beat) => { tick = beat; return () => { stopped = true } } }
  let last: Buffer = Buffer.alloc(0)
  const mixer = new Mixer(clock, (sound) => { last = sound })
  return { mixer, beat: () => { tick(); return decodeG711('PCMU', last) }, stopped: () => stopped }
}
const level = (value: number, length = 160): Int16Array => new Int16Array(length).fill(value)
const near = (a: number | undefined, b: number): boolean => Math.abs((a ?? NaN) - b) <= Math.max(8, Math.abs(b) * 0.04)

t.test('both voices are in it, each from its beginning, and silence where nobody speaks', async (t) => {
  const { mixer, beat, stopped } = stage()
  t.ok(near(beat()[0], 0))
  mixer.take('a', level(1000))
  mixer.take('b', level(2000, 80))
  const mixed = beat()
  t.equal(mixed.length, 160)
  t.ok(near(mixed[0], 3000), 'the sum')
  t.ok(near(mixed[159], 1000), 'A alone once B is silent')
  t.ok(near(beat()[0], 0))
  mixer.stop()
  t.ok(stopped())
})

t.test('pieces of any length fit together, loud ones are cut off, and nobody runs ahead of time', async (t) => {
  const { mixer, beat } = stage()
  mixer.take('a', level(500, 100))
  mixer.take('a', level(900, 220))
  const [first, second] = [beat(), beat()]
  t.ok(near(first[99], 500) && near(first[100], 900) && near(second[159], 900))
  mixer.take('a', level(30000))
  mixer.take('b', level(30000))
  t.ok(near(beat()[0], 32124), 'the loudest that there is')
  for (let n = 1; n <= 30; n++) mixer.take('a', level(n * 100))
  t.ok(near(beat()[0], 2100), 'only the last 200 ms wait')
})
