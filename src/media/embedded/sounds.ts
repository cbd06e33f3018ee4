import type { PlayOptions, Prompt } from '../types.js'
import { encodeG711, type G711 } from '../rtp/g711.js'
import type { Sounds } from '../sounds.js'

/** One prompt, encoded once for both laws. */
export type Sound = Readonly<Record<G711, Buffer>>

/** Finds what to play; undefined for a prompt without any sound. */
export type SoundFinder = (prompt: Prompt, options: PlayOptions) => Sound | undefined

/** Encodes what the bank has, each sound once for as long as the bank keeps it. */
export function encodedSounds(sounds: Sounds): SoundFinder {
  const encoded = new WeakMap<Int16Array, Sound>()
  return (prompt, { language, shop }) => {
    const samples = sounds.pcm(prompt, language, shop)
    if (samples === undefined) return undefined
    const sound = encoded.get(samples) ?? { PCMA: encodeG711('PCMA', samples), PCMU: encodeG711('PCMU', samples) }
    encoded.set(samples, sound)
    return sound
  }
}
