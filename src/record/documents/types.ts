import type { Config } from '../../config.js'
import type { Shop } from '../../shop/shops.js'
import type { RetentionClass } from '../retention/types.js'
import type { BreachFacts } from './breach.js'

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
  readonly config: Pick<Config, 'line' | 'trunks' | 'processors'> & { readonly engines: readonly string[] }
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

export type { BreachFacts }
