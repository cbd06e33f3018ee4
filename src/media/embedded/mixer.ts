import { encodeG711 } from '../rtp/g711.js'
import { frameMs, type PacingClock } from './clock.js'

/** Samples of one piece at 8000 Hz. */
const pieceSamples = 8 * frameMs
/** What a side may be ahead, in samples; a phone that sends faster than time goes by loses the oldest. */
const maxAhead = 10 * pieceSamples

type Voice = 'a' | 'b'

/** Puts what two sides say into one stream of 20 ms pieces; who says nothing adds silence. */
export class Mixer {
  private readonly waiting: Record<Voice, Int16Array[]> = { a: [], b: [] }
  private readonly leave: () => void

  /** @param listener gets G.711 µ-law, mono, 8000 Hz, 160 bytes every 20 ms until `stop` */
  constructor(clock: PacingClock, listener: (sound: Buffer) => void) {
    this.leave = clock.start(() => listener(encodeG711('PCMU', mixed(this.next('a'), this.next('b')))))
  }

  take(voice: Voice, samples: Int16Array): void {
    const queue = this.waiting[voice]
    queue.push(samples)
    for (let held = total(queue); held > maxAhead && queue.length > 1;) held -= queue.shift()!.length
  }

  stop(): void {
    this.leave()
  }

  private next(voice: Voice): Int16Array {
    const queue = this.waiting[voice]
    const piece = new Int16Array(pieceSamples)
    for (let filled = 0; filled < pieceSamples && queue.length > 0;) {
      const head = queue[0]!
      const taken = head.subarray(0, pieceSamples - filled)
      piece.set(taken, filled)
      filled += taken.length
      if (taken.length === head.length) queue.shift()
      else queue[0] = head.subarray(taken.length)
    }
    return piece
  }
}

function total(queue: readonly Int16Array[]): number {
  return queue.reduce((sum, { length }) => sum + length, 0)
}

/** Sums with the ends cut off, as two loud voices at once are rare and short. */
function mixed(a: Int16Array, b: Int16Array): Int16Array {
  return Int16Array.from(a, (sample, at) => Math.max(-32768, Math.min(32767, sample + b[at]!)))
}
