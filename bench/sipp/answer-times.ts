import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Milliseconds from each INVITE to its 200, in rising order, as SIPp wrote them down in `dir` with `-trace_shortmsg`. Its own
 * table of response times (`-trace_rtt`) goes by a clock with steps of 4 ms; here the steps are microseconds.
 */
export function answerTimes(dir: string): number[] {
  const file = readdirSync(dir).find((name) => name.endsWith('_shortmessages.log'))
  if (file === undefined) return []
  const sent = new Map<string, number>()
  const times: number[] = []
  for (const line of readFileSync(join(dir, file), 'utf8').split('\n')) {
    const [, , seconds, direction, callId, cseq, start] = line.split('\t')
    if (callId === undefined || cseq !== 'CSeq:1 INVITE') continue
    const at = Number(seconds) * 1000
    if (direction === 'S' && !sent.has(callId)) sent.set(callId, at)
    if (direction !== 'R' || start?.startsWith('SIP/2.0 200') !== true) continue
    const begun = sent.get(callId)
    // A repeated 200 counts once.
    sent.delete(callId)
    if (begun !== undefined) times.push(at - begun)
  }
  return times.sort((one, other) => one - other)
}

/** The value of sorted ones below which the share lies, to a tenth. */
export function percentile(sorted: readonly number[], share: number): number {
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10
}
