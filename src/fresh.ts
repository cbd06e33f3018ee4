/**
 * Whether what was learned at one time may still be believed at another, both in ms of one clock. What comes from the
 * future does not count: a clock that was put back would keep it for as long as it went back.
 */
export function isFresh(learnedAt: number, now: number, forMs: number): boolean {
  return now >= learnedAt && now - learnedAt < forMs
}
