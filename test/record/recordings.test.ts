import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createRecordings } from '../../src/record/recordings/recordings.js'
import type { Recordings } from '../../src/record/recordings/types.js'
import { SealedWriter } from '../../src/record/recordings/writer.js'
import { memoryKeyRing } from '../support/keyring.js'
import { captured } from '../support/log.js'

const startedAt = Date.parse('2026-11-21T23:59:59Z')
const canary = Buffer.from('the customer lives at canary street 7 '.repeat(300))

function room(t: Test): { recordings: Recordings, dir: string, keys: ReturnType<typeof memoryKeyRing>, logged: () => string } {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-recordings-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const { log, text } = captured()
  const keys = memoryKeyRing(() => startedAt)
  return { recordings: createRecordings({ dir, keys, log }), dir, keys, logged: text }
}

async function recorded(recordings: Recordings, id: string, sound: Buffer): Promise<void> {
  const writer = await recordings.begin({ id, shopId: 'demo', startedAt })
  for (let at = 0; at < sound.length; at += 160) writer.write(sound.subarray(at, at + 160))
  await writer.finish()
}

async function heard(recordings: Recordings, id: string): Promise<Buffer> {
  const info = await recordings.find('demo', id)
  const pieces: Buffer[] = []
  if (info) for await (const piece of recordings.read('demo', info)) pieces.push(piece)
  const wav = Buffer.concat(pieces)
  t.equal(wav.length, info?.bytes ?? 0, 'as long as was said')
  return wav
}

const filesIn = (dir: string): string[] => readdirSync(dir, { recursive: true }).map((name) => join(dir, name as string)).filter((name) => statSync(name).isFile())

t.test('what was said is read again, and the disk never holds it in clear', async (t) => {
  const { recordings, dir } = room(t)
  await recorded(recordings, 'calla', canary)
  const wav = await heard(recordings, 'calla')
  t.equal(wav.toString('latin1', 0, 4), 'RIFF')
  t.equal(wav.readUInt16LE(20), 7, 'µ-law')
  t.equal(wav.readUInt32LE(54), canary.length)
  t.same(wav.subarray(58, 58 + canary.length), canary)
  t.match(await recordings.find('demo', 'calla'), { day: '20261121', seconds: Math.round(canary.length / 8000) })
  const [file = ''] = filesIn(dir)
  t.notOk(readFileSync(file).includes('canary'))
  t.equal(statSync(file).mode & 0o077, 0, 'nobody else may read the file')
})

t.test('a recording without a sound leaves no file', async (t) => {
  const { recordings, dir } = room(t)
  await recorded(recordings, 'calla', Buffer.alloc(0))
  t.same(filesIn(dir), [])
  t.equal(await recordings.find('demo', 'calla'), undefined)
})

t.test('no other shop and no other call', async (t) => {
  const { recordings } = room(t)
  await recorded(recordings, 'calla', canary)
  t.equal(await recordings.find('other', 'calla'), undefined)
  t.equal(await recordings.find('demo', 'callb'), undefined)
  await t.rejects(recordings.find('../demo', 'calla'), { code: 'internal' }, 'no name chooses a path')
})

t.test('a destroyed key ends it, whatever lies on the disk', async (t) => {
  const { recordings, keys } = room(t)
  await recorded(recordings, 'calla', canary)
  const info = await recordings.find('demo', 'calla')
  await keys.destroy([{ purpose: 'recording', owner: 'demo', period: '20261121' }])
  t.equal(await recordings.find('demo', 'calla'), undefined)
  await t.rejects(recordings.read('demo', info!).next(), { code: 'key_destroyed' })
})

t.test('a process that died leaves what it had written; a changed file is refused', async (t) => {
  const { recordings, dir } = room(t)
  await recorded(recordings, 'calla', canary)
  const [file = ''] = filesIn(dir)
  truncateSync(file, 9000)
  t.same((await heard(recordings, 'calla')).subarray(58), canary.subarray(0, 8000), 'the whole seconds')
  const bytes = readFileSync(file)
  bytes[100]! ^= 1
  writeFileSync(file, bytes)
  await t.rejects(heard(recordings, 'calla'), { code: 'recording_unavailable' })
  writeFileSync(file, Buffer.from('ffffffffffff', 'hex'))
  await t.rejects(recordings.find('demo', 'calla'), { code: 'recording_unavailable' })
})

t.test('a disk that is full ends the recording and disturbs nobody', async (t) => {
  const { log, text } = captured()
  const key = await memoryKeyRing(() => startedAt).use({ purpose: 'recording', owner: 'demo', period: '20261121' }, startedAt + 1000)
  const writer = new SealedWriter({ file: await open('/dev/full', 'a'), path: join(t.testdir(), 'none'), key, callId: 'callx', log })
  for (let second = 0; second < 3; second++) writer.write(Buffer.alloc(8000))
  await writer.finish()
  t.equal(text().match(/recording\.failed/g)?.length, 1, 'it is said once')
})

t.test('removed', async (t) => {
  const { recordings, dir } = room(t)
  await recorded(recordings, 'calla', canary)
  await recorded(recordings, 'callb', canary)
  t.same(await recordings.days('demo'), ['20261121'])
  t.same((await recordings.ofDay('demo', '20261121')).sort(), ['calla', 'callb'])
  t.equal(await recordings.remove('demo', 'calla'), true)
  t.equal(await recordings.remove('demo', 'calla'), false)
  t.same(await recordings.ofDay('demo', '20261121'), ['callb'])
  await recordings.remove('demo', 'callb')
  t.same(await recordings.days('demo'), [])
  t.same(filesIn(dir), [])
})

t.test('a folder that takes nothing is an error before anybody is told', async (t) => {
  const { dir, keys, logged } = room(t)
  writeFileSync(join(dir, 'demo'), '')
  const { log, text } = captured()
  await t.rejects(createRecordings({ dir, keys, log }).begin({ id: 'calla', shopId: 'demo', startedAt }), { code: 'recording_unavailable' })
  t.match(text(), 'recording.failed')
  t.equal(logged(), '')
})
