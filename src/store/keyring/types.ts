/**
 * What a key is for. `mapping`: deliveries and other short-lived data of a shop; `tag`: the phone and reference
 * tags of a pool; `record`: call records; `recording`: voices; `webhook`: what waits to be sent; `settings`,
 * `audit` and `access`: what lives as long as its shop.
 */
export const keyPurposes = ['mapping', 'tag', 'record', 'recording', 'webhook', 'settings', 'audit', 'access'] as const
export type KeyPurpose = typeof keyPurposes[number]

/** Whose key, for what and for which time. One scope has one key for ever: what was destroyed is never made again. */
export interface KeyScope {
  readonly purpose: KeyPurpose
  /** Id of a shop, or of a pool for `tag`. */
  readonly owner: string
  /** A UTC day as `20261121`, the first day of an epoch, or `0` for a key without a date. */
  readonly period: string
}

/** A key that can be used. Nothing of it is ever printed or handed out. */
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
  /** Which master key wraps it: the first 8 hex digits of the SHA-256 of the master key's fingerprint. */
  readonly master: string
}

/** Proof that a key is gone. */
export interface KeyDestroyed {
  readonly scope: KeyScope
  readonly destroyedAt: number
  /** What was destroyed: fingerprint of the wrapped key (hex), so that a backup can be compared. */
  readonly fingerprint: string
}

/**
 * Keys with a life of their own, random, wrapped by the master key and kept in a Redis apart from the data.
 * Used keys are remembered in the process for at most `rememberMs`; while the key store is away, remembered ones
 * still work. Every method rejects with MaskError only: store_unavailable, store_full, key_destroyed.
 */
export interface KeyRing {
  /**
   * The key of a scope, made when there was none. @param neededUntil Unix ms; see KeyInfo
   * @throws key_destroyed when this key was destroyed, or its period lies so far back that no key may begin there
   */
  use(scope: KeyScope, neededUntil: number): Promise<DataKey>
  /** The key of a scope if it is there. */
  find(scope: KeyScope): Promise<DataKey | undefined>
  /** Opens a blob by the key whose period stands in its head. @throws key_destroyed when that key is gone */
  open(blob: Buffer, owner: Omit<KeyScope, 'period'>, context: string): Promise<Buffer>
  /** Keys that are alive, of one purpose and owner or of all. */
  list(of?: Partial<Pick<KeyScope, 'purpose' | 'owner'>>): Promise<KeyInfo[]>
  /**
   * Destroys keys and has the key store rewrite its files, so that no copy stays on its disk.
   * Idempotent; resolves to a proof for each key that was there.
   */
  destroy(scopes: readonly KeyScope[]): Promise<KeyDestroyed[]>
  /** Wraps every key anew under the current master key; safe at any time and beside other processes. @returns how many were not yet */
  rewrap(): Promise<number>
  close(): Promise<void>
}
