/** What rtpengine's control messages are made of. */
export type Value = string | number | Buffer | readonly Value[] | { readonly [key: string]: Value }
export type Dictionary = Readonly<Record<string, Value>>

/** Deeper than any reply of rtpengine; stops a hostile one. */
const maxDepth = 16

/** Strings go as UTF-8. */
export function encode(value: Value): Buffer {
  const parts: Buffer[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

function write(value: Value, parts: Buffer[]): void {
  if (typeof value === 'number') parts.push(Buffer.from(`i${Math.trunc(value)}e`))
  else if (typeof value === 'string') parts.push(Buffer.from(`${Buffer.byteLength(value)}:${value}`))
  else if (Buffer.isBuffer(value)) parts.push(Buffer.from(`${value.length}:`), value)
  else if (isList(value)) writeAll('l', value, parts)
  else writeAll('d', Object.entries(value).flat(), parts)
}

function writeAll(kind: 'l' | 'd', values: readonly Value[], parts: Buffer[]): void {
  parts.push(Buffer.from(kind))
  for (const value of values) write(value, parts)
  parts.push(Buffer.from('e'))
}

/** Array.isArray does not know of lists that cannot be changed. */
function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Strings come as text. @throws RangeError for anything that is not exactly one value */
export function decode(data: Buffer): Value {
  const reader = new Reader(data)
  const value = reader.value(0)
  if (!reader.atEnd) throw new RangeError('bencode: more than one value')
  return value
}

class Reader {
  private at = 0

  constructor(private readonly data: Buffer) {}

  get atEnd(): boolean {
    return this.at === this.data.length
  }

  value(depth: number): Value {
    if (depth > maxDepth) throw new RangeError('bencode: too deep')
    switch (this.data[this.at]) {
      case 0x69: this.at++; return this.integer('e', /^-?\d{1,15}$/)
      case 0x6c: this.at++; return this.list(depth)
      case 0x64: this.at++; return this.dictionary(depth)
      default: return this.text()
    }
  }

  private list(depth: number): Value[] {
    const items: Value[] = []
    while (!this.ends()) items.push(this.value(depth + 1))
    return items
  }

  private dictionary(depth: number): Dictionary {
    const items = new Map<string, Value>()
    while (!this.ends()) items.set(this.text(), this.value(depth + 1))
    return Object.fromEntries(items)
  }

  private ends(): boolean {
    if (this.data[this.at] !== 0x65) return false
    this.at++
    return true
  }

  private text(): string {
    const length = this.integer(':', /^\d{1,8}$/)
    const start = this.at
    if (start + length > this.data.length) throw new RangeError('bencode: cut off')
    this.at = start + length
    return this.data.toString('utf8', start, this.at)
  }

  private integer(end: string, form: RegExp): number {
    const stop = this.data.indexOf(end, this.at)
    const digits = stop < 0 ? '' : this.data.toString('latin1', this.at, stop)
    if (!form.test(digits)) throw new RangeError('bencode: not a number')
    this.at = stop + 1
    return Number(digits)
  }
}
