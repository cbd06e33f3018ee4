import { MaskError } from '../../errors.js'

/**
 * Reads a RIFF WAVE file of PCM, 16 bits, mono, 8000 Hz: what G.711 can carry.
 * @throws MaskError media_unavailable for any other file
 */
export function readWav(file: Buffer): Int16Array {
  if (file.length < 12 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') throw unusable('The file is not RIFF WAVE.')
  let format = false
  for (let at = 12; at + 8 <= file.length;) {
    const id = file.toString('latin1', at, at + 4)
    const start = at + 8
    const length = Math.min(file.readUInt32LE(at + 4), file.length - start)
    if (id === 'fmt ') format = isTelephony(file.subarray(start, start + length))
    if (id === 'data' && format) return samplesOf(file.subarray(start, start + length))
    // Chunks are padded to an even length.
    at = start + length + (length % 2)
  }
  throw unusable('The sound must be PCM of 16 bits, mono, 8000 Hz.')
}

/** RIFF WAVE of A-law, mono, 8000 Hz: half as long as the samples in 16 bits. */
export function writeAlawWav(alaw: Buffer): Buffer {
  const head = Buffer.alloc(46)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(38 + alaw.length, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(18, 16)
  // Format 6, one channel, samples and bytes a second, bytes and bits a sample, nothing more.
  for (const [at, value] of [[20, 6], [22, 1], [32, 1], [34, 8], [36, 0]] as const) head.writeUInt16LE(value, at)
  head.writeUInt32LE(8000, 24)
  head.writeUInt32LE(8000, 28)
  head.write('data', 38, 'latin1')
  head.writeUInt32LE(alaw.length, 42)
  return Buffer.concat([head, alaw])
}

function isTelephony(format: Buffer): boolean {
  return format.length >= 16 && format.readUInt16LE(0) === 1 && format.readUInt16LE(2) === 1 && format.readUInt32LE(4) === 8000 && format.readUInt16LE(14) === 16
}

function samplesOf(data: Buffer): Int16Array {
  return Int16Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(i * 2))
}

function unusable(cause: string): MaskError {
  return new MaskError('media_unavailable', { cause })
}
