import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorFields, type Log } from '../telemetry/log.js'
import { ringback } from './rtp/tone.js'
import { readWav } from './rtp/wav.js'
import { languages, type Language, type Prompt } from './types.js'

/** Where the sounds lie, from the sources and from the build alike; `<language>/<prompt>.wav` below it. */
export const soundsFolder = fileURLToPath(new URL('../../sounds/', import.meta.url))

/** Sounds kept in memory: four shops' worth of three languages, some ten megabytes. */
const maxKept = 160
/** Two minutes of telephone sound; a larger file was not meant for a caller's ear. */
const maxFileBytes = 2_000_000

export interface SoundsOptions {
  /** The folder of the sounds that everybody hears. */
  readonly root?: string
  /** The folder of shops' own recordings, `<shop>/<language>/<prompt>.wav` below it. */
  readonly overrides?: string
  readonly log?: Log
}

export interface Sounds {
  /**
   * The samples of a prompt, 16 bits at 8000 Hz: the shop's own recording, else ours, else the same two in
   * English. Undefined when none can be read: the caller then hears nothing and whatever follows the prompt comes
   * at once. A file is read when first wanted; one that changes is heard after the next start. The same samples
   * are the same array as long as they are kept.
   */
  pcm(prompt: Prompt, language?: Language, shop?: string): Int16Array | undefined
}

/** The sounds of all prompts, languages and shops, of which the last used are kept. Never throws. */
export function createSounds({ root = soundsFolder, overrides, log }: SoundsOptions = {}): Sounds {
  // In the order of their last use. What could not be read is kept too, so that a call costs no second look.
  const kept = new Map<string, Int16Array | undefined>()
  const ringing = ringback()

  const find = (prompt: Prompt, language: Language, shop: string | undefined): Int16Array | undefined => {
    for (const folder of foldersFor(root, overrides, language, shop)) {
      const samples = read(join(folder, `${prompt}.wav`), { reason: prompt, ...(shop === undefined ? {} : { shopId: shop }) }, log)
      if (samples !== undefined) return samples
    }
    log?.warn('sound.missing', { reason: prompt })
    return undefined
  }

  return {
    pcm(prompt, language = 'en', shop) {
      if (prompt === 'ringback') return ringing
      const key = `${shop ?? ''}/${language}/${prompt}`
      const samples = kept.has(key) ? kept.get(key) : find(prompt, language, shop)
      kept.delete(key)
      kept.set(key, samples)
      if (kept.size > maxKept) kept.delete(kept.keys().next().value!)
      return samples
    }
  }
}

/** Where to look, best first. A shop or language of a form that is none of ours leads to no path. */
export function foldersFor(root: string, overrides: string | undefined, language: Language, shop: string | undefined): string[] {
  const own = overrides !== undefined && shop !== undefined && /^[a-z0-9]{1,16}$/.test(shop) ? [join(overrides, shop)] : []
  const wanted = new Set<Language>(languages.includes(language) ? [language, 'en'] : ['en'])
  return [...wanted].flatMap((one) => [...own, root].map((place) => join(place, one)))
}

/** The samples of a file, or undefined when it is not there or not usable, which the log learns. */
function read(file: string, about: { reason: string, shopId?: string }, log: Log | undefined): Int16Array | undefined {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size
    if (size === undefined) return undefined
    if (size <= maxFileBytes) return readWav(readFileSync(file))
    log?.warn('sound.too_long', about)
  } catch (error) {
    log?.warn('sound.unusable', { ...about, ...errorFields(error) })
  }
  return undefined
}
