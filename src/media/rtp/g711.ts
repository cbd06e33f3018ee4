/**
 * G.711 (ITU-T G.711, 1988) by tables that are computed once: decoding follows tables 1a/1b (A-law)
 * and 2a/2b (µ-law) of the recommendation, encoding takes the nearest decoder output.
 * Samples are linear PCM of 16 bits.
 */
export type G711 = 'PCMA' | 'PCMU'

/** A-law: even bits inverted, 3 bits of segment, 4 of step; 13 bits of range, left-aligned in 16. */
function decodeALaw(byte: number): number {
  const code = byte ^ 0x55
  const segment = (code >> 4) & 7
  const step = ((code & 0x0f) << 4) + 8
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1)
  return (code & 0x80) === 0 ? -magnitude : magnitude
}

/** µ-law: all bits inverted, a bias of 33 (132 in 16 bits) before the segments double. */
function decodeMuLaw(byte: number): number {
  const code = ~byte & 0xff
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
  return (code & 0x80) === 0 ? magnitude : -magnitude
}

function decoder(decode: (byte: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, byte) => decode(byte))
}

/** For each of the 65536 samples the code whose decoded value lies nearest. */
function encoder(decoded: Int16Array): Uint8Array {
  const codes = [...decoded.keys()].sort((a, b) => decoded[a]! - decoded[b]!)
  const table = new Uint8Array(65536)
  let i = 0
  for (let sample = -32768; sample <= 32767; sample++) {
    while (i + 1 < codes.length && Math.abs(decoded[codes[i + 1]!]! - sample) <= Math.abs(decoded[codes[i]!]! - sample)) i++
    table[sample & 0xffff] = codes[i]!
  }
  return table
}

const decoders: Readonly<Record<G711, Int16Array>> = { PCMA: decoder(decodeALaw), PCMU: decoder(decodeMuLaw) }
const encoders: Readonly<Record<G711, Uint8Array>> = { PCMA: encoder(decoders.PCMA), PCMU: encoder(decoders.PCMU) }

function across(from: G711, to: G711): Uint8Array {
  return Uint8Array.from(decoders[from], (sample) => encoders[to][sample & 0xffff]!)
}

const transcoders: Readonly<Record<G711, Uint8Array>> = { PCMA: across('PCMU', 'PCMA'), PCMU: across('PCMA', 'PCMU') }

/** The byte that stands for silence. */
export const silence: Readonly<Record<G711, number>> = { PCMA: 0xd5, PCMU: 0xff }

export function encodeG711(law: G711, samples: Int16Array): Buffer {
  const table = encoders[law]
  const bytes = Buffer.allocUnsafe(samples.length)
  for (let i = 0; i < samples.length; i++) bytes[i] = table[samples[i]! & 0xffff]!
  return bytes
}

export function decodeG711(law: G711, bytes: Uint8Array): Int16Array {
  const table = decoders[law]
  const samples = new Int16Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) samples[i] = table[bytes[i]!]!
  return samples
}

/** From the other law to `to`, into fresh bytes. */
export function transcodeG711(to: G711, bytes: Uint8Array): Buffer {
  const table = transcoders[to]
  const out = Buffer.allocUnsafe(bytes.length)
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i]!]!
  return out
}
