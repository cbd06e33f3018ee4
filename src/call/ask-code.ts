import type { CodeAnswer, Lines, Party } from '../line/types.js'
import type { MediaSession, PlayOptions, Prompt } from '../media/types.js'
import type { E164 } from '../phone/types.js'
import type { Keys, Patience } from './keys.js'

export interface CodeDialogue {
  readonly lines: Pick<Lines, 'redeem'>
  readonly media: MediaSession
  readonly keys: Keys
  readonly voice: PlayOptions
  /** Dialled number. */
  readonly number: string
  /** Undefined: withheld or unusable. */
  readonly caller: E164 | undefined
  readonly callId: string
}

const attempts = 3
const codePatience: Patience = { max: 12, firstMs: 8000, nextMs: 5000 }
const rolePatience: Patience = { max: 1, firstMs: 6000, nextMs: 0 }
const roles: Readonly<Record<string, Party>> = { 1: 'courier', 2: 'customer' }

/**
 * Asks an answered caller for the code of the delivery and for the role, three times at most. Resolves to what
 * the right code opens; to undefined when the caller gives up, is wrong three times or has been wrong too often.
 */
export async function askForCode(dialogue: CodeDialogue): Promise<Exclude<CodeAnswer, { kind: 'wrong' | 'blocked' }> | undefined> {
  const { lines, number, caller, callId } = dialogue
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const code = await ask(dialogue, attempt === 1 ? 'ask-code' : 'wrong-code', codePatience)
    if (code === '') return undefined
    const party = roles[await ask(dialogue, 'ask-role', rolePatience)]
    if (party === undefined) return undefined
    const answer = await lines.redeem({ number, caller, callId, code, party })
    if (answer.kind === 'blocked') return undefined
    if (answer.kind !== 'wrong') return answer
  }
  return undefined
}

/** Plays a question, which the first key cuts short, and takes the entry. */
async function ask({ media, keys, voice }: CodeDialogue, prompt: Prompt, patience: Patience): Promise<string> {
  const playback = media.play('a', prompt, voice)
  await Promise.race([playback.done, keys.pressed()])
  playback.stop()
  return keys.entry(patience)
}
