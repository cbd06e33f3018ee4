import t from 'tap'
import { readFileSync } from 'node:fs'
import { Ear } from '../../../src/embedded/phone/ear.js'
import { encodeG711 } from '../../../src/media/rtp/g711.js'
import { sine } from '../../../src/media/rtp/tone.js'
import { readWav } from '../../../src/media/rtp/wav.js'

const prompt = (name: string): Int16Array => readWav(readFileSync(new URL(`../../../sounds/en/${name}.wav`, import.meta.url)))
const listening = (...parts: Int16Array[]): Ear => {
  const ear = new Ear()
  for (const part of parts) ear.take('PCMA', encodeG711('PCMA', part))
  return ear
}

t.test('a recording is told from another, from a tone and from silence', (t) => {
  const [over, unavailable] = [prompt('over'), prompt('unavailable')]
  t.ok(listening(over).likeness(over) > 0.98)
  t.ok(listening(sine(425, 1000), new Int16Array(8000 + 37), over, new Int16Array(4000)).likeness(over) > 0.9, 'also when it starts in the middle')
  t.ok(listening(over.map((sample) => sample / 4)).likeness(over) > 0.95, 'also when it is softer')
  t.ok(listening(unavailable).likeness(over) < 0.6)
  t.ok(listening(over).likeness(unavailable) < 0.6)
  t.ok(listening(sine(425, 9000)).likeness(over) < 0.3)
  t.equal(listening(new Int16Array(80000)).likeness(over), 0)
  t.equal(new Ear().likeness(over), 0)
  t.ok(listening(over.subarray(0, over.length >> 1)).likeness(over) < 0.8, 'half of it is not all of it')
  t.end()
})

t.test('a tone is judged by the end of what was heard', (t) => {
  const ear = listening(sine(440, 300))
  t.equal(ear.hearsTone(440, 0), true)
  t.equal(ear.hearsTone(440, ear.length), undefined, 'nothing new yet')
  ear.take('PCMA', encodeG711('PCMA', sine(660, 300)))
  t.equal(ear.hearsTone(440, 0), false)
  t.equal(ear.hearsTone(660, 0), true)
  t.ok(ear.energy(0) > 0.01)
  t.equal(ear.energy(ear.length), 0)
  t.end()
})
