import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MaskError } from '../../errors.js'
import type { Prompt } from '../types.js'
import { encodeG711, type G711 } from '../rtp/g711.js'
import { ringback } from '../rtp/tone.js'
import { readWav } from '../rtp/wav.js'

/** One prompt, encoded once for both laws. */
export type Sound = Readonly<Record<G711, Buffer>>
export type Sounds = Readonly<Record<Prompt, Sound>>

/** Where the files lie, from the sources and from the build alike. */
export const soundsFolder = fileURLToPath(new URL('../../../sounds/', import.meta.url))

/**
 * Reads all prompts.
 * @throws MaskError media_unavailable when a file is missing or not telephony PCM
 */
export function loadSounds(folder = soundsFolder): Sounds {
  return {
    unavailable: fromFile(folder, 'unavailable'),
    over: fromFile(folder, 'over'),
    ringback: encode(ringback())
  }
}

function fromFile(folder: string, prompt: Prompt): Sound {
  let file: Buffer
  try {
    file = readFileSync(`${folder}/${prompt}.wav`)
  } catch (cause) {
    throw new MaskError('media_unavailable', { reason: 'sound', cause })
  }
  return encode(readWav(file))
}

function encode(samples: Int16Array): Sound {
  return { PCMA: encodeG711('PCMA', samples), PCMU: encodeG711('PCMU', samples) }
}
