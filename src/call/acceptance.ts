import type { Party } from '../line/types.js'
import type { MediaSession, PlayOptions, Side } from '../media/types.js'
import type { ShopSettings } from '../shop/settings.js'
import type { Keys } from './keys.js'

/** How often a callee is asked, and milliseconds to wait for the key after each question. */
const questions = 2
const waitMs = 5000

/** Whether this callee has to press 1 before being connected. */
export function mustAccept(callee: Party, { acceptance }: Pick<ShopSettings, 'acceptance'>): boolean {
  return acceptance === 'both' || acceptance === callee
}

/**
 * Asks the callee to press 1. Resolves to false when nobody does: then it is a voicemail, or somebody who does
 * not want the call, and either way the caller's words are not for them.
 */
export async function accepts(media: MediaSession, keys: Keys, voice: PlayOptions, side: Side = 'b'): Promise<boolean> {
  for (let asked = 0; asked < questions; asked++) {
    const question = media.play(side, 'accept', voice)
    await Promise.race([question.done, keys.pressed()])
    question.stop()
    const key = await keys.entry({ max: 1, firstMs: waitMs, nextMs: 0 })
    if (key === '1') return true
  }
  return false
}
