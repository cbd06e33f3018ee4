import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { toneOf, tonesIn } from '../../bench/life/people.js'
import { ringback, sine } from '../../src/media/rtp/tone.js'
import { readWav } from '../../src/media/rtp/wav.js'
import { soundsFolder } from '../../src/media/sounds.js'

const all = Array.from({ length: 93 }, (_, index) => ({ index, tone: toneOf(index) }))

t.test('everybody is known by their tone, also when two sound at once', async (t) => {
  for (const person of all) t.same(tonesIn(sine(person.tone, 600), all), [person])
  const [first, second] = [sine(toneOf(3), 1000), sine(toneOf(30), 1000)]
  t.same(tonesIn(first.map((sample, i) => sample + second[i]!), all).map(({ index }) => index), [3, 30])
  t.same(tonesIn(sine(toneOf(3), 300), all), [], 'a moment is too short to tell')
})

t.test('nothing that we play sounds like somebody', async (t) => {
  t.same(tonesIn(ringback(), all), [])
  for (const file of readdirSync(soundsFolder, { recursive: true }).map(String).filter((name) => name.endsWith('.wav'))) {
    t.same(tonesIn(readWav(readFileSync(`${soundsFolder}${file}`)), all), [], file)
  }
})
