import type { KeyScope, KeyStats } from './types.js'

/** A new key, wrapped and not yet kept. */
export interface FreshKey {
  readonly fingerprint: string
  /** Master key's id → the key wrapped by it. */
  readonly wrapped: ReadonlyMap<string, Buffer>
}

/** A key as it lies in the key store. */
export interface KeptKey extends FreshKey {
  readonly scope: string
  readonly createdAt: number
  readonly neededUntil: number
}

/** What is left of a destroyed key. */
export interface Gone {
  readonly scope: string
  readonly destroyedAt: number
  readonly fingerprint: string
}

/** Where wrapped keys are kept; knows nothing of how they are wrapped. Scopes are texts (scope.ts), times Unix ms. */
export interface KeyShelf {
  /**
   * The key of a scope; `fresh` becomes it when there is none and `begins`. `neededUntil` grows to the given one.
   * All of it atomically. @returns undefined when it was destroyed or may not begin
   */
  use(scope: string, fresh: FreshKey, at: { readonly now: number, readonly neededUntil: number, readonly begins: boolean }): Promise<{ readonly key: KeptKey, readonly made: boolean } | undefined>
  read(scopes: readonly string[]): Promise<(KeptKey | undefined)[]>
  /** In any order. */
  list(of: Partial<Pick<KeyScope, 'purpose' | 'owner'>>): AsyncGenerator<KeptKey[]>
  count(): Promise<KeyStats['alive']>
  /** @returns what was there, also earlier if the files may still hold it */
  destroy(scopes: readonly string[], now: number): Promise<Gone[]>
  /** Time of the latest destruction that is known here; 0 when there was none. */
  lastDestroyed(): Promise<number>
  /** Replaces wrappings. @returns false when exactly this key is not there any more */
  rewrap(key: KeptKey, master: string, wrapped: Buffer | undefined, without: readonly string[]): Promise<boolean>
  /**
   * Rewrites the files, when something was destroyed or `always`; resolves when that is done.
   * @param what.also scopes that were destroyed just now
   * @returns false when the server does not allow it
   */
  purge(what: { readonly also?: readonly string[], readonly always?: boolean, readonly now: number }): Promise<boolean>
}
