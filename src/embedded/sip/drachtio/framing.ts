/** A frame that cannot be: the connection is of no use any more. */
export class FrameError extends Error {
  constructor() {
    super('not a drachtio frame')
    this.name = 'FrameError'
  }
}

/** As the real server: five digits of length, so frames below 100 000 bytes. */
const maxDigits = 5

/** Cuts the admin stream into payloads: `<decimal byte length>#<payload>`, whatever pieces TCP made of it. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0)

  /** @throws FrameError */
  push(chunk: Buffer): Buffer[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const payloads: Buffer[] = []
    for (;;) {
      const mark = this.#held.subarray(0, maxDigits + 1).indexOf('#')
      this.#check(mark)
      if (mark === -1) break
      const end = mark + 1 + Number(this.#held.toString('latin1', 0, mark))
      if (this.#held.length < end) break
      payloads.push(this.#held.subarray(mark + 1, end))
      this.#held = this.#held.subarray(end)
    }
    return payloads
  }

  #check(mark: number): void {
    const digits = this.#held.toString('latin1', 0, mark === -1 ? Math.min(this.#held.length, maxDigits + 1) : mark)
    if (mark === -1 ? !/^\d{0,5}$/.test(digits) : !/^0*[1-9]\d*$/.test(digits)) throw new FrameError()
  }
}

/** A frame of a leader line and, after CRLF, the bytes of a message. `leader` is a byte string. */
export function frame(leader: string, message?: Buffer): Buffer {
  if (message === undefined) return Buffer.from(`${leader.length}#${leader}`, 'latin1')
  const length = leader.length + 2 + message.length
  const head = `${length}#${leader}\r\n`
  const bytes = Buffer.allocUnsafe(head.length + message.length)
  bytes.write(head, 0, 'latin1')
  message.copy(bytes, head.length)
  return bytes
}
