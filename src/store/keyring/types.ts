/**
 * What a key is for. `mapping`: deliveries and other short-lived data of a shop; `tag`: the phone and reference
 * tags of a pool; `record`: call records; `recording`: voices; `webhook`: what waits to be sent; `settings`,
 * `audit` and `access`: what lives as long as its shop.
 */
export const keyPurposes = ['mapping', 'tag', 'record', 'recording', 'webhook', 'settings', 'audit', 'access'] as const
export type KeyPurpose = typeof keyPurposes[number]

/** `neededUntil` of a key that lives as long as its shop: the last time that a Date can hold. */
export const forever = 8.64e15

/** Whose key, for what and for which time. One scope has one key for ever: what was destroyed is never made again. */
export interface KeyScope {
  readonly purpose: KeyPurpose
  /** Id of a shop, or of a pool for `tag`: 1 to 64 characters of A-Z, a-z, 0-9, - and _. */
  readonly owner: string
  /** A UTC day as `20261121`, the first day of an epoch, or `0` for a key without a date. */
  readonly period: string
}

/**
 * A key that can be used. Nothing of it is ever printed or handed out. Ask the ring for it each time instead of
 * holding it: only then is it heard that it was destroyed elsewhere. Every method throws key_destroyed once it is gone.
 */
export interface DataKey {
  readonly scope: KeyScope
  /**
   * AES-256-GCM. @param context is authenticated beside the data (a delivery id): a blob that is moved elsewhere
   * does not open. @returns format (1 byte), period (4 bytes), nonce (12), tag (16), ciphertext
   */
  seal(plain: string | Buffer, context: string): Buffer
  /** @throws MaskError internal when the blob was changed or belongs elsewhere */
  open(blob: Buffer, context: string): Buffer
  /** HMAC-SHA-256 under a key of its own derived from this one, cut to 16 bytes: 22 characters of base64url. */
  tag(...parts: string[]): string
}

/** What is known of a key without being able to use it. Times are Unix milliseconds. */
export interface KeyInfo {
  readonly scope: KeyScope
  readonly createdAt: number
  /** No data under this key is needed any longer than this; grows when `use` asks for more. */
  readonly neededUntil: number
  /** Which master keys wrap it, by the first 8 hex digits of the SHA-256 of a value derived from each; two while they change. */
  readonly masters: readonly string[]
}

/** Proof that a key is gone. */
export interface KeyDestroyed {
  readonly scope: KeyScope
  readonly destroyedAt: number
  /**
   * What was destroyed: 32 hex digits derived from the key, the same for its whole life. They stand beside the
   * wrapped key in the key store's files, so that a backup can be searched for them.
   */
  readonly fingerprint: string
  /** Whether the key store has rewritten its files since; false where its server does not let us ask for that. */
  readonly filesRewritten: boolean
}

export interface KeyStats {
  /** Keys that are alive; a purpose is missing as long as it was not counted. */
  readonly alive: Readonly<Partial<Record<KeyPurpose, number>>>
  readonly remembered: number
}

/**
 * Keys with a life of their own, random, wrapped by the master key and kept in a Redis apart from the data.
 * What is remembered of them in the process is compared with the key store at least once a minute; while the key
 * store is away, remembered keys still work until nothing under them is needed.
 * Every method rejects with MaskError only: store_unavailable, store_full, key_destroyed; internal when a key was
 * tampered with, or is wrapped by a master key that this process was not given.
 */
export interface KeyRing {
  /**
   * The key of a scope, made when there was none.
   * @param neededUntil Unix ms; see KeyInfo. Kept rounded up to ten minutes, so that growing costs few writes
   * @throws key_destroyed when this key was destroyed, or its day lies so far back (100 days) that no key may begin there
   */
  use(scope: KeyScope, neededUntil: number): Promise<DataKey>
  /** The key of a scope if it is there. */
  find(scope: KeyScope): Promise<DataKey | undefined>
  /** Opens a blob by the key whose period stands in its head. @throws key_destroyed when that key is gone */
  open(blob: Buffer, owner: Omit<KeyScope, 'period'>, context: string): Promise<Buffer>
  /** Keys that are alive, of one purpose and owner or of all, in the order of their scopes. */
  list(of?: Partial<Pick<KeyScope, 'purpose' | 'owner'>>): Promise<KeyInfo[]>
  /**
   * Destroys keys and has the key store rewrite its files, so that no copy stays on its disk. Scopes without a key
   * can have none from then on. Other processes forget the keys within a minute.
   * Idempotent; resolves to a proof for each key that was there, again if the files were not rewritten the last time.
   */
  destroy(scopes: readonly KeyScope[]): Promise<KeyDestroyed[]>
  /**
   * Wraps every key by the current master key, and takes away wrappings by master keys that this process was not given.
   * Safe at any time and beside other processes. @returns how many keys were not so yet
   * @throws config_invalid when there are keys that none of the given master keys opens; the others are done
   */
  rewrap(): Promise<number>
  /** For metrics: as the key store was at most a minute ago, and what this process remembers. */
  stats(): KeyStats
  close(): Promise<void>
}
