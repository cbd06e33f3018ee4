/** One beat for all that is being played: 20 ms, kept by the wall and not by the timer. */
export interface PacingClock {
  /** Calls `beat` every 20 ms from now on; the result stops it. */
  start(beat: () => void): () => void
  readonly beating: boolean
}

export const frameMs = 20
/** After a longer stall the lost beats are left out rather than sent in a burst. */
const maxCatchUp = 10

export function createPacingClock(now: () => number = () => performance.now()): PacingClock {
  const beats = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  let due = 0

  const arm = (): void => {
    if (beats.size > 0) timer ??= setTimeout(wake, Math.max(0, due - now()))
  }
  const wake = (): void => {
    timer = undefined
    if (now() - due > maxCatchUp * frameMs) due = now()
    while (beats.size > 0 && due <= now()) {
      due += frameMs
      // A beat may stop itself or start others while it runs.
      for (const beat of [...beats]) if (beats.has(beat)) beat()
    }
    arm()
  }

  return {
    start(beat) {
      // The same function may be started twice; each start is its own.
      const own = (): void => beat()
      beats.add(own)
      if (beats.size === 1) due = now() + frameMs
      arm()
      return () => {
        beats.delete(own)
        if (beats.size > 0) return
        clearTimeout(timer)
        timer = undefined
      }
    },
    get beating() { return beats.size > 0 }
  }
}
