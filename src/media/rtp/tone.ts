/** Telephony samples a second. */
export const sampleRate = 8000

/**
 * A plain sine. @param frequency Hz, below 4000 @param ms length @param level peak, 0 to 1 of full scale
 * @param phase samples that went before, so that pieces join without a click
 */
export function sine(frequency: number, ms: number, level = 0.25, phase = 0): Int16Array {
  const step = 2 * Math.PI * frequency / sampleRate
  return Int16Array.from({ length: Math.round(ms * sampleRate / 1000) }, (_, i) => Math.round(Math.sin((i + phase) * step) * level * 32767))
}

/** One turn of the European ringing tone: 425 Hz for 1 s, 4 s of silence (ITU-T E.180 supplement 2). */
export function ringback(): Int16Array {
  const turn = new Int16Array(5 * sampleRate)
  turn.set(sine(425, 1000, 0.2))
  return turn
}

/** Mean power of samples as a share of full scale, 0 to 1; a full-scale sine has 0.5. */
export function energy(samples: Int16Array): number {
  let sum = 0
  for (const sample of samples) sum += (sample / 32768) ** 2
  return samples.length === 0 ? 0 : sum / samples.length
}

/** Goertzel's filter: the power of one frequency in samples, in the units of `energy`. */
export function tonePower(frequency: number, samples: Int16Array): number {
  const coefficient = 2 * Math.cos(2 * Math.PI * frequency / sampleRate)
  let last = 0
  let beforeLast = 0
  for (const sample of samples) {
    const next = sample / 32768 + coefficient * last - beforeLast
    beforeLast = last
    last = next
  }
  const power = last ** 2 + beforeLast ** 2 - coefficient * last * beforeLast
  return samples.length === 0 ? 0 : 2 * power / samples.length ** 2
}

/** Whether a tone stands out: audible at all, and most of what is heard. */
export function hearsTone(frequency: number, samples: Int16Array, share = 0.7): boolean {
  const all = energy(samples)
  return all > 1e-4 && tonePower(frequency, samples) / all > share
}
