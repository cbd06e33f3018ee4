import type { Gone, KeptKey, KeyShelf } from '../../src/store/keyring/shelf.js'
import { keyPurposes } from '../../src/store/keyring/types.js'

/** A shelf that keeps every promise but being kept. */
export function memoryShelf(): KeyShelf {
  const keys = new Map<string, KeptKey>()
  const gone = new Map<string, Gone>()
  const ofPurpose = (purpose: string): KeptKey[] => [...keys.values()].filter(({ scope }) => scope.startsWith(`${purpose}.`))
  return {
    async use(scope, fresh, { now, neededUntil, begins }) {
      const kept = keys.get(scope)
      if (gone.has(scope) || (kept === undefined && !begins)) return undefined
      const key = kept ? { ...kept, neededUntil: Math.max(kept.neededUntil, neededUntil) } : { scope, ...fresh, createdAt: now, neededUntil }
      keys.set(scope, key)
      return { key, made: kept === undefined }
    },
    read: async (scopes) => scopes.map((scope) => keys.get(scope)),
    async * list({ purpose, owner }) {
      yield [...keys.values()].filter(({ scope }) => {
        const [itsPurpose, itsOwner] = scope.split('.')
        return itsPurpose === (purpose ?? itsPurpose) && itsOwner === (owner ?? itsOwner)
      })
    },
    count: async () => Object.fromEntries(keyPurposes.map((purpose) => [purpose, ofPurpose(purpose).length])),
    destroy: async (scopes, now) => scopes.flatMap((scope) => {
      const kept = keys.get(scope)
      keys.delete(scope)
      const proof = { scope, destroyedAt: now, fingerprint: kept?.fingerprint ?? '' }
      if (kept !== undefined || !gone.has(scope)) gone.set(scope, proof)
      return kept === undefined ? [] : [proof]
    }),
    lastDestroyed: async () => Math.max(0, ...[...gone.values()].map(({ destroyedAt }) => destroyedAt)),
    async rewrap({ scope, fingerprint }, master, wrapped, without) {
      const kept = keys.get(scope)
      if (kept?.fingerprint !== fingerprint) return false
      const all = [...kept.wrapped, ...(wrapped ? [[master, wrapped] as const] : [])]
      keys.set(scope, { ...kept, wrapped: new Map(all.filter(([id]) => !without.includes(id))) })
      return true
    },
    purge: async () => true
  }
}
