import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { readWav } from '../../src/media/rtp/wav.js'
import { createSounds, soundsFolder } from '../../src/media/sounds.js'
import type { Language, Prompt } from '../../src/media/types.js'
import { createLog } from '../../src/telemetry/log.js'

/** A sound of so many samples, which is what the tests tell one from another by. */
function wav(samples: number): Buffer {
  const head = Buffer.alloc(44)
  head.write('RIFF')
  head.write('WAVEfmt ', 8)
  for (const [value, at] of [[16, 16], [8000, 24], [16000, 28], [samples * 2, 40]] as const) head.writeUInt32LE(value, at)
  for (const [value, at] of [[1, 20], [1, 22], [2, 32], [16, 34]] as const) head.writeUInt16LE(value, at)
  head.write('data', 36)
  return Buffer.concat([head, Buffer.alloc(samples * 2, 1)])
}

/** A folder with files under these names. */
function folderOf(t: Test, files: Record<string, Buffer | number>): { root: string, overrides: string } {
  const folder = t.testdir({ root: {}, own: {} })
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'number' ? wav(content) : content)
  }
  return { root: join(folder, 'root'), overrides: join(folder, 'own') }
}

/** A log that keeps its lines. */
function keptLog(): { lines: Record<string, unknown>[], log: ReturnType<typeof createLog> } {
  const lines: Record<string, unknown>[] = []
  return { lines, log: createLog('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) }) }
}

t.test('our own sounds are there without any setting, English by default', async (t) => {
  const sounds = createSounds()
  for (const language of ['en', 'et', 'ru'] as const) {
    t.same(sounds.pcm('over', language), readWav(readFileSync(`${soundsFolder}${language}/over.wav`)))
  }
  t.equal(sounds.pcm('over'), sounds.pcm('over', 'en'), 'read once')
  t.equal(sounds.pcm('ringback', 'ru', 'demo')?.length, 40000, 'ringing has no language')
})

t.test('a shop is heard with its own recording, then ours, then the same in English, then nothing', async (t) => {
  const { root, overrides } = folderOf(t, {
    'own/demo/et/over.wav': 1, 'root/et/over.wav': 2, 'own/demo/en/over.wav': 3, 'root/en/over.wav': 4,
    'root/et/busy.wav': 5, 'own/demo/en/busy.wav': 6, 'root/en/busy.wav': 7,
    'own/demo/en/hint.wav': 8, 'root/en/hint.wav': 9,
    'root/en/accept.wav': 10,
    'own/demo/ru/support.wav': 11
  })
  const sounds = createSounds({ root, overrides })
  const heard = (prompt: Prompt, language?: Language, shop?: string): number | undefined => sounds.pcm(prompt, language, shop)?.length
  t.equal(heard('over', 'et', 'demo'), 1)
  t.equal(heard('over', 'et', 'other'), 2, 'another shop has no part in it')
  t.equal(heard('over', 'et'), 2)
  t.equal(heard('over', 'en', 'demo'), 3)
  t.equal(heard('busy', 'et', 'demo'), 5, 'the right language goes before the right voice')
  t.equal(heard('hint', 'et', 'demo'), 8)
  t.equal(heard('hint', 'et', 'other'), 9)
  t.equal(heard('accept', 'ru', 'demo'), 10)
  t.equal(heard('support', 'et', 'demo'), undefined, 'Russian is no help to others')
  t.equal(createSounds({ root }).pcm('over', 'et', 'demo')?.length, 2, 'without a folder of shops there are no own ones')
})

t.test('a recording that cannot be used is passed over and told once, without its path', async (t) => {
  const { root, overrides } = folderOf(t, {
    'root/en/over.wav': 2, 'own/demo/en/over.wav': Buffer.from('no sound'),
    'root/en/busy.wav': 3, 'own/demo/en/busy.wav': Buffer.concat([wav(100), Buffer.alloc(2_000_000)]),
    'root/en/hint.wav': 4, 'own/demo/en/hint.wav/folder.txt': Buffer.from('a folder')
  })
  const { lines, log } = keptLog()
  const sounds = createSounds({ root, overrides, log })
  for (let i = 0; i < 3; i++) {
    t.equal(sounds.pcm('over', 'en', 'demo')?.length, 2)
    t.equal(sounds.pcm('busy', 'en', 'demo')?.length, 3)
    t.equal(sounds.pcm('hint', 'en', 'demo')?.length, 4)
    t.equal(sounds.pcm('goodbye', 'en', 'demo'), undefined)
  }
  t.match(lines, [
    { msg: 'sound.unusable', reason: 'over', shopId: 'demo' },
    { msg: 'sound.too_long', reason: 'busy', shopId: 'demo' },
    { msg: 'sound.unusable', reason: 'hint', shopId: 'demo' },
    { msg: 'sound.missing', reason: 'goodbye' }
  ])
  t.equal(lines.length, 4)
  t.notOk(JSON.stringify(lines).includes(root.slice(0, -4)))
})

t.test('a shop or language of a strange form leads nowhere', async (t) => {
  const { root, overrides } = folderOf(t, { 'root/en/over.wav': 2, 'own/demo/en/over.wav': 1, 'own/en/over.wav': 66, 'over.wav': 67, 'root/xx/over.wav': 68 })
  const sounds = createSounds({ root, overrides })
  for (const shop of ['..', '.', '', '../own/demo', 'demo/../demo', 'DEMO', 'demo\0']) t.equal(sounds.pcm('over', 'en', shop)?.length, 2, JSON.stringify(shop))
  for (const language of ['..', 'xx', '../..', '']) t.equal(sounds.pcm('over', language as Language)?.length, 2, JSON.stringify(language))
})

t.test('what is kept in memory is bounded; what is used stays', async (t) => {
  const { root, overrides } = folderOf(t, { 'root/en/over.wav': 2 })
  const sounds = createSounds({ root, overrides })
  const favourite = sounds.pcm('over')
  const first = sounds.pcm('over', 'en', 'shop0')
  const shops = Array.from({ length: 200 }, (_, i) => `shop${i + 1}`)
  t.ok(shops.every((shop) => sounds.pcm('over', 'en', shop)?.length === 2 && sounds.pcm('over') === favourite))
  t.not(sounds.pcm('over', 'en', 'shop0'), first, 'read again')
  rmSync(join(root, 'en/over.wav'))
  t.equal(sounds.pcm('over')?.length, 2, 'and what is kept needs no file')
})
