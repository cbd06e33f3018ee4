import type { Config } from '../../config.js'
import type { Shop } from '../../shop/shops.js'
import type { AuditEntry } from '../audit/types.js'
import type { RetentionClass } from '../retention/types.js'

export const documentNames = ['processing-record', 'privacy-notice', 'retention-table', 'dpia', 'breach-pack'] as const
export type DocumentName = typeof documentNames[number]
export type DocumentLanguage = 'en' | 'et' | 'ru'

/** What the documents are made of: the running configuration and the shop's settings, nothing else. */
export interface Facts {
  readonly shop: Shop
  /** Unix ms of the moment that is described. */
  readonly at: number
  readonly classes: readonly RetentionClass[]
  /** Whether talks are recorded: the shop wants it and has set a period. */
  readonly records: boolean
  readonly config: Pick<Config, 'line' | 'trunks' | 'processors' | 'traces'> & { readonly engines: readonly string[] }
}

/** One row of cells per line; the first row is the head. */
export type Table = readonly (readonly string[])[]

export interface Section {
  readonly heading: string
  readonly paragraphs?: readonly string[]
  readonly table?: Table
}

/** A document before it is written down in some form. */
export interface Paper {
  readonly title: string
  readonly language: DocumentLanguage
  readonly sections: readonly Section[]
}

/** What a notice of a breach (Art. 33 GDPR) needs, for one window of time. */
export interface BreachFacts {
  /** Unix ms; exclusive at the end. */
  readonly from: number
  readonly to: number
  /** Records of calls by UTC day, and how many different pseudonyms stand in them; `readable`: the day's key is alive. */
  readonly days: readonly { readonly day: string, readonly calls: number, readonly pseudonyms: number, readonly readable: boolean }[]
  /** Deliveries whose people can be read now, by anybody who had store, key store and master key. */
  readonly liveMappings: number
  /** Reads, exports and changes of keys within the window, newest first. */
  readonly acts: readonly AuditEntry[]
  readonly chainWhole: boolean
}
