/** RIFF WAVE of µ-law, mono, 8000 Hz (RFC 2361: format 7), one byte a sample. */
const sampleRate = 8000
const muLaw = 7

/** The 58 bytes ahead of the samples. @param samples how many follow */
export function wavHead(samples: number): Buffer {
  const head = Buffer.alloc(58)
  head.write('RIFF', 0)
  head.writeUInt32LE(50 + samples + samples % 2, 4)
  head.write('WAVEfmt ', 8)
  // What is no plain PCM has a format chunk with a (here empty) extension and a fact chunk.
  head.writeUInt32LE(18, 16)
  head.writeUInt16LE(muLaw, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(sampleRate, 24)
  head.writeUInt32LE(sampleRate, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('fact', 38)
  head.writeUInt32LE(4, 42)
  head.writeUInt32LE(samples, 46)
  head.write('data', 50)
  head.writeUInt32LE(samples, 54)
  return head
}
