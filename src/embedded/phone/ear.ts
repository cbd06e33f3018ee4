import { decodeG711, type G711 } from '../../media/rtp/g711.js'
import { energy, hearsTone, sampleRate } from '../../media/rtp/tone.js'

/** Samples in a stretch of time. */
const inMs = (ms: number): number => ms * sampleRate / 1000
/** A tone is judged by this much of it. */
const toneWindow = inMs(200)
/** A piece of the loudness curve. */
const step = inMs(20)
/** Ten minutes; what comes later is not kept. */
const maxSamples = 600 * sampleRate

/** What a phone hears: all samples that arrived, one after the other, whatever the gaps between them. */
export class Ear {
  #samples = new Int16Array(sampleRate)
  #length = 0

  /** Takes a payload of G.711. */
  take(law: G711, payload: Buffer): void {
    if (this.#length + payload.length > maxSamples) return
    if (this.#length + payload.length > this.#samples.length) {
      const larger = new Int16Array(2 * (this.#length + payload.length))
      larger.set(this.#samples.subarray(0, this.#length))
      this.#samples = larger
    }
    this.#samples.set(decodeG711(law, payload), this.#length)
    this.#length += payload.length
  }

  /** Samples so far; a place in `heard`. */
  get length(): number {
    return this.#length
  }

  /** 16-bit samples at 8000 Hz. */
  heard(from = 0): Int16Array {
    return this.#samples.subarray(from, this.#length)
  }

  /** Whether a tone sounds at the end of what was heard since `from`. Undefined while that is too short to tell. */
  hearsTone(frequency: number, from: number): boolean | undefined {
    if (this.#length - from < toneWindow) return undefined
    return hearsTone(frequency, this.#samples.subarray(this.#length - toneWindow, this.#length))
  }

  /** Mean power since `from`, 0 to 1; nothing at all is 0. */
  energy(from: number): number {
    return energy(this.heard(from))
  }

  /**
   * How much a recording is in what was heard: 1 is the same rise and fall of loudness all along, about 0 is other
   * speech or a tone. Codec, level and a different start do not matter.
   */
  likeness(recording: Int16Array): number {
    const wanted = loudness(recording)
    const heard = loudness(this.heard())
    let best = 0
    // A prompt may begin a little before we listen, or end after.
    const slack = Math.min(10, wanted.length >> 2)
    for (let at = -slack; at + wanted.length <= heard.length + slack; at++) best = Math.max(best, correlation(wanted, heard, at))
    return best
  }
}

/** Loudness of each 20 ms on a scale that is closer to the ear's than power. */
function loudness(samples: Int16Array): number[] {
  return Array.from({ length: Math.floor(samples.length / step) }, (_, i) => Math.sqrt(energy(samples.subarray(i * step, (i + 1) * step))))
}

/** Pearson's correlation of `wanted` with `heard` from `at` on; silence stands where there is nothing. */
function correlation(wanted: readonly number[], heard: readonly number[], at: number): number {
  const other = wanted.map((_, i) => heard[at + i] ?? 0)
  const meanA = mean(wanted)
  const meanB = mean(other)
  let both = 0
  let a = 0
  let b = 0
  wanted.forEach((value, i) => {
    both += (value - meanA) * (other[i]! - meanB)
    a += (value - meanA) ** 2
    b += (other[i]! - meanB) ** 2
  })
  // Silence and a steady tone rise and fall by nothing but rounding.
  return a < 1e-5 || b < 1e-5 ? 0 : both / Math.sqrt(a * b)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
