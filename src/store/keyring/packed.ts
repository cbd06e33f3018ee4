import { MaskError } from '../../errors.js'
import type { Gone, KeptKey } from './shelf.js'

/**
 * A key as Redis has it: `<created at>:<needed until>:<fingerprint>:` and then, for each master key, its id (8 letters),
 * the length of the wrapped key (1 byte) and the wrapped key. The scripts in lua/ know the part before the wrapped keys.
 */
export function pack({ createdAt, neededUntil, fingerprint, wrapped }: Omit<KeptKey, 'scope'>): Buffer {
  const parts = [...wrapped].flatMap(([id, bytes]) => [Buffer.from(id), Buffer.of(bytes.length), bytes])
  return Buffer.concat([Buffer.from(`${createdAt}:${neededUntil}:${fingerprint}:`), ...parts])
}

const head = /^(\d+):(\d+):([0-9a-f]+):/
const idLength = 8

/** @returns undefined for what is left of a destroyed key. @throws MaskError internal when it is neither */
export function unpack(scope: string, packed: Buffer): KeptKey | undefined {
  if (isGone(packed)) return undefined
  const [whole, createdAt, neededUntil, fingerprint] = head.exec(packed.toString('latin1', 0, 100)) ?? []
  if (whole === undefined) throw new MaskError('internal', { cause: 'A key of the key store was changed.' })
  const wrapped = new Map<string, Buffer>()
  for (let at = whole.length; at < packed.length;) {
    const from = at + idLength + 1
    const to = from + (packed[at + idLength] ?? 0)
    wrapped.set(packed.toString('latin1', at, at + idLength), packed.subarray(from, to))
    at = to
  }
  return { scope, createdAt: Number(createdAt), neededUntil: Number(neededUntil), fingerprint: fingerprint!, wrapped }
}

const isGone = (packed: Buffer): boolean => packed.toString('latin1', 0, 5) === 'gone:'

/** @param left see destroy-keys.lua. @returns undefined where there was no key, or its destruction is already proven */
export function unpackGone(scope: string, left: string): Gone | undefined {
  const [, destroyedAt, fingerprint, inFiles] = left.split(':')
  return inFiles === '1' ? { scope, destroyedAt: Number(destroyedAt), fingerprint: fingerprint! } : undefined
}
