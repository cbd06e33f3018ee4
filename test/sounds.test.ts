import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { Ear } from '../src/embedded/phone/ear.js'
import { encodeG711 } from '../src/media/rtp/g711.js'
import { energy } from '../src/media/rtp/tone.js'
import { readWav } from '../src/media/rtp/wav.js'
import { soundsFolder } from '../src/media/sounds.js'
import { languages, spokenPrompts } from '../src/media/types.js'

type Manifest = Record<string, { text: string, sound: string }>
type Texts = Record<string, Record<string, string>>

const read = (name: string, folder = soundsFolder): Buffer => readFileSync(join(folder, name))
const digest = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex')
const texts = parse(read('texts.yaml').toString()) as Texts
const isDigit = (prompt: string): boolean => prompt.startsWith('digit-')
const names = languages.flatMap((language) => spokenPrompts.map((prompt) => ({ language, prompt, name: `${language}/${prompt}.wav` })))

t.test('every prompt has a text and a sound in every language, and nothing else lies there', async (t) => {
  t.same(Object.keys(texts).sort(), [...spokenPrompts].sort())
  for (const [prompt, byLanguage] of Object.entries(texts)) t.same(Object.keys(byLanguage).sort(), [...languages].sort(), prompt)
  for (const language of languages) t.same(readdirSync(join(soundsFolder, language)).sort(), spokenPrompts.map((prompt) => `${prompt}.wav`).sort())
})

t.test('every sound was spoken from the text that stands there now', async (t) => {
  const manifest = JSON.parse(read('manifest.json').toString()) as Manifest
  t.same(Object.keys(manifest), names.map(({ name }) => name).sort())
  for (const { language, prompt, name } of names) {
    t.equal(manifest[name]?.text, digest(texts[prompt]![language]!), `${name}: run scripts/sounds.sh after changing a text`)
    t.equal(manifest[name]?.sound, digest(read(name)), `${name} is what the script made`)
  }
})

t.test('every sound is short telephone speech at one loudness', async (t) => {
  for (const { name, prompt } of names) {
    const samples = readWav(read(name))
    // A digit is one word of a code that is spoken in a row; the silence at its ends weighs more.
    const digit = isDigit(prompt)
    t.ok(samples.length >= (digit ? 4000 : 8000) && samples.length <= 4 * 8000, `${name} lasts 1 to 4 seconds`)
    const loudness = 10 * Math.log10(energy(samples))
    t.ok(loudness > (digit ? -28 : -27) && loudness < -23, `${name} is as loud as the others`, { loudness })
    t.ok(samples.every((sample) => Math.abs(sample) < 32000), 'nothing is clipped')
    const edge = (part: Int16Array): boolean => part.some((sample) => Math.abs(sample) > 300)
    t.notOk(edge(samples.subarray(0, 400)) || edge(samples.subarray(-800)), 'it begins and ends softly')
    t.ok(edge(samples.subarray(400, 2400)) && edge(samples.subarray(-3200, -800)), 'and has no long silence there')
  }
})

t.test('no sound is taken for another one of its language', async (t) => {
  for (const language of languages) {
    // One word is too short to be known by its loudness alone.
    const digits = spokenPrompts.filter(isDigit).map((prompt) => digest(read(`${language}/${prompt}.wav`)))
    t.equal(new Set(digits).size, 10)
    const sounds = spokenPrompts.filter((prompt) => !isDigit(prompt)).map((prompt) => [prompt, readWav(read(`${language}/${prompt}.wav`))] as const)
    for (const [heard, samples] of sounds) {
      const ear = new Ear()
      ear.take('PCMA', encodeG711('PCMA', samples))
      t.ok(ear.likeness(samples) > 0.95, `${language}: ${heard} is recognised`)
      const taken = sounds.filter(([other, recording]) => other !== heard && ear.likeness(recording) > 0.75)
      t.same(taken.map(([other]) => other), [], 'and is like no other')
    }
  }
})

const script = fileURLToPath(new URL('../scripts/sounds.sh', import.meta.url))
const speaks = ['espeak-ng', 'sox'].every((tool) => spawnSync(tool, ['--version']).status === 0)

t.test('a shop speaks its own texts with the same script', { skip: speaks ? false : 'needs espeak-ng and sox' }, async (t) => {
  const folder = t.testdir({ 'texts.yaml': 'over:\n  et: "-v See on läbi; $(touch sounds-was-here) \'jah\'."\n' })
  const file = join(folder, 'texts.yaml')
  const speak = (): Buffer => {
    const { status, stderr } = spawnSync(script, [file], { cwd: folder, encoding: 'utf8' })
    t.equal(status, 0, stderr)
    return read('et/over.wav', folder)
  }
  const first = speak()
  t.ok(energy(readWav(first)) > 1e-3)
  t.ok(speak().equals(first), 'the same bytes each time')
  t.same(readdirSync(folder).sort(), ['et', 'manifest.json', 'texts.yaml'])
  t.same(Object.keys(JSON.parse(read('manifest.json', folder).toString()) as Manifest), ['et/over.wav'])
})

t.test('texts that could lead astray are refused before anything is spoken', { skip: speaks ? false : 'needs espeak-ng and sox' }, async (t) => {
  for (const wrong of ['../over:\n  en: "x"\n', 'over:\n  fi: "x"\n', 'over:\n  en: "a\\tb"\n', 'over:\n  en: ""\n', 'over:\n  en: 1\n', 'over: [']) {
    const folder = t.testdir({ 'texts.yaml': wrong })
    t.not(spawnSync(script, [join(folder, 'texts.yaml')]).status, 0, wrong)
    t.same(readdirSync(folder), ['texts.yaml'])
  }
  t.not(spawnSync(script, ['/does/not/exist.yaml']).status, 0)
})
