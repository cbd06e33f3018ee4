/** Numbers between 0 and 1 that are the same for the same seed (mulberry32), so that a failure can be played again. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** What breaks parsers that trust: ends of ranges, ends of lines, ends of text, and words with a meaning. */
const tokens = [
  '\r\n', '\r\n\r\n', '\n', '\0', '"', '\\', '<', '>', ';', ',', ':', '@', '%', '%00', '%2B46701740605', '=', ' ', '\t', '\x7f', '\xff\xfe', 'é', '🙂', '[::1]', '0', '-1', '65536', '4294967296', '99999999999999999999',
  'SIP/2.0', 'INVITE', 'sip:', 'tel:', 'sips:', 'v=0\r\n', 'm=audio 0 RTP/AVP 8\r\n', 'a=', 'Content-Length: 0\r\n', 'Content-Length: 999999999\r\n', 'Via: ', 'To: ', 'd', 'l', 'e', 'i-0e', '00000000005:hello', '#', '{}', '__proto__', 'constructor'
].map((token) => Buffer.from(token, 'latin1'))

/** A broken copy: one to five changes, each of a kind that has broken a parser somewhere. */
export function mutate(seed: Buffer, others: readonly Buffer[], next: () => number): Buffer {
  let bytes: Buffer = seed
  const rounds = 1 + Math.floor(next() * 5)
  for (let round = 0; round < rounds; round++) bytes = changes[Math.floor(next() * changes.length)]!(bytes, others, next)
  return bytes.subarray(0, 65_000)
}

type Change = (bytes: Buffer, others: readonly Buffer[], next: () => number) => Buffer

const place = (bytes: Buffer, next: () => number): number => Math.floor(next() * (bytes.length + 1))
const cut = (bytes: Buffer, from: number, to: number, middle: Buffer): Buffer => Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)])
const none = Buffer.alloc(0)

const changes: readonly Change[] = [
  // A byte, or a bit of it.
  (bytes, _, next) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[Math.floor(next() * copy.length)] = Math.floor(next() * 256)
    return copy
  },
  (bytes, _, next) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[Math.floor(next() * copy.length)]! ^= 1 << Math.floor(next() * 8)
    return copy
  },
  // A piece lost, doubled, or moved.
  (bytes, _, next) => { const at = place(bytes, next); return cut(bytes, at, at + Math.floor(next() * 40), none) },
  (bytes, _, next) => { const at = place(bytes, next); return cut(bytes, at, at, bytes.subarray(at, at + Math.floor(next() * 200))) },
  (bytes, _, next) => bytes.subarray(0, place(bytes, next)),
  // A word with a meaning.
  (bytes, _, next) => { const at = place(bytes, next); return cut(bytes, at, at, tokens[Math.floor(next() * tokens.length)]!) },
  (bytes, _, next) => { const at = place(bytes, next); return cut(bytes, at, at + 4, tokens[Math.floor(next() * tokens.length)]!) },
  // Far too much of something.
  (bytes, _, next) => { const at = place(bytes, next); return cut(bytes, at, at, Buffer.alloc(Math.floor(next() * 3000), tokens[Math.floor(next() * tokens.length)])) },
  // The beginning of one message and the end of another.
  (bytes, others, next) => { const other = others[Math.floor(next() * others.length)]!; return Buffer.concat([bytes.subarray(0, place(bytes, next)), other.subarray(place(other, next))]) }
]
