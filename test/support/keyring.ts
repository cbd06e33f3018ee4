import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { MaskError } from '../../src/errors.js'
import type { DataKey, KeyDestroyed, KeyInfo, KeyRing, KeyScope } from '../../src/store/keyring/types.js'

const headBytes = 33
const nameOf = ({ purpose, owner, period }: KeyScope): string => `${purpose}/${owner}/${period}`

/** A key ring in memory that keeps every promise of the contract but being kept. */
export function memoryKeyRing(clock: () => number = Date.now): KeyRing & { readonly destroyed: KeyDestroyed[] } {
  const keys = new Map<string, { scope: KeyScope, secret: Buffer, createdAt: number, neededUntil: number }>()
  const gone = new Map<string, KeyDestroyed>()
  const ring: KeyRing & { readonly destroyed: KeyDestroyed[] } = {
    get destroyed() { return [...gone.values()] },
    async use(scope, neededUntil) {
      if (gone.has(nameOf(scope))) throw new MaskError('key_destroyed')
      const entry = keys.get(nameOf(scope)) ?? { scope, secret: randomBytes(32), createdAt: clock(), neededUntil }
      entry.neededUntil = Math.max(entry.neededUntil, neededUntil)
      keys.set(nameOf(scope), entry)
      return dataKey(scope, entry.secret)
    },
    async find(scope) {
      const entry = keys.get(nameOf(scope))
      return entry && dataKey(scope, entry.secret)
    },
    async open(blob, owner, context) {
      const period = String(blob.readUInt32BE(1))
      const key = await ring.find({ ...owner, period })
      if (!key) throw new MaskError('key_destroyed')
      return key.open(blob, context)
    },
    async list({ purpose, owner } = {}) {
      return [...keys.values()]
        .filter(({ scope }) => (purpose === undefined || scope.purpose === purpose) && (owner === undefined || scope.owner === owner))
        .map(({ scope, createdAt, neededUntil }): KeyInfo => ({ scope, createdAt, neededUntil, master: '00000000' }))
    },
    async destroy(scopes) {
      return scopes.flatMap((scope) => {
        const entry = keys.get(nameOf(scope))
        const proof = { scope, destroyedAt: clock(), fingerprint: createHash('sha256').update(entry?.secret ?? '').digest('hex') }
        keys.delete(nameOf(scope))
        if (!gone.has(nameOf(scope))) gone.set(nameOf(scope), proof)
        return entry ? [proof] : []
      })
    },
    rewrap: async () => 0,
    close: async () => undefined
  }
  return ring
}

function dataKey(scope: KeyScope, secret: Buffer): DataKey {
  return {
    scope,
    seal(plain, context) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      const head = Buffer.alloc(5)
      head.writeUInt8(2, 0)
      head.writeUInt32BE(Number(scope.period), 1)
      return Buffer.concat([head, nonce, cipher.getAuthTag(), body])
    },
    open(blob, context) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', secret, blob.subarray(5, 17)).setAAD(Buffer.from(context)).setAuthTag(blob.subarray(17, headBytes))
        return Buffer.concat([decipher.update(blob.subarray(headBytes)), decipher.final()])
      } catch {
        throw new MaskError('internal', { cause: 'Sealed data cannot be opened.' })
      }
    },
    tag(...parts) {
      const hmac = createHmac('sha256', createHmac('sha256', secret).update('tag').digest())
      for (const part of parts) hmac.update(`${part.length}:${part}`)
      return hmac.digest().toString('base64url', 0, 16)
    }
  }
}
