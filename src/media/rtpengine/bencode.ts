/** What rtpengine's control messages are made of. */
export type Value = string | number | readonly Value[] | { readonly [key: string]: Value }
export type Dictionary = Readonly<Record<string, Value>>

/** Deeper than any reply of rtpengine; stops a hostile one. */
const maxDepth = 16

/** Lengths count bytes of UTF-8. */
export function encode(value: Value): string {
  if (typeof value === 'number') return `i${Math.trunc(value)}e`
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`
  if (Array.isArray(value)) return `l${value.map(encode).join('')}e`
  return `d${Object.entries(value).map(([key, item]) => encode(key) + encode(item)).join('')}e`
}

/** @throws RangeError for anything that is not exactly one value */
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
