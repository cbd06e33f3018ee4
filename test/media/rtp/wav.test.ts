import t from 'tap'
import { readFileSync } from 'node:fs'
import { energy } from '../../../src/media/rtp/tone.js'
import { readWav, writeAlawWav } from '../../../src/media/rtp/wav.js'

function wav(change: Partial<{ format: number, channels: number, rate: number, bits: number }> = {}, extra = Buffer.alloc(0)): Buffer {
  const { format, channels, rate, bits } = { format: 1, channels: 1, rate: 8000, bits: 16, ...change }
  const fmt = Buffer.alloc(24)
  fmt.write('fmt ')
  fmt.writeUInt32LE(16, 4)
  fmt.writeUInt16LE(format, 8)
  fmt.writeUInt16LE(channels, 10)
  fmt.writeUInt32LE(rate, 12)
  fmt.writeUInt16LE(bits, 22)
  const data = Buffer.from('data\x04\x00\x00\x00\x01\x00\xff\xff', 'latin1')
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), fmt, extra, data])
}

t.test('samples are read, other chunks are passed over', (t) => {
  t.same([...readWav(wav())], [1, -1])
  t.same([...readWav(wav({}, Buffer.from('LIST\x03\x00\x00\x00abc\0', 'latin1')))], [1, -1], 'an odd chunk is padded')
  t.end()
})

t.test('any other sound is refused', (t) => {
  for (const file of [wav({ format: 6 }), wav({ channels: 2 }), wav({ rate: 44100 }), wav({ bits: 8 }), Buffer.from('RIFF'), Buffer.alloc(100), wav().subarray(0, 30)]) {
    t.throws(() => readWav(file), { code: 'media_unavailable' })
  }
  t.end()
})

t.test('A-law in a file of its own', (t) => {
  const file = writeAlawWav(Buffer.from([0xd5, 0x55, 0xd5]))
  t.equal(file.toString('hex'), '524946462900000057415645666d7420120000000600010' + '0401f0000401f00000100080000006461746103000000d555d5')
  t.end()
})

t.test('the prompts are there and can be heard', (t) => {
  for (const name of ['unavailable', 'over']) {
    const samples = readWav(readFileSync(new URL(`../../../sounds/en/${name}.wav`, import.meta.url)))
    t.ok(samples.length > 8000 && samples.length < 8000 * 4, `${name} lasts some seconds`)
    t.ok(energy(samples) > 1e-3)
    t.ok(samples.every((sample) => Math.abs(sample) < 32000), 'nothing is clipped')
  }
  t.end()
})
