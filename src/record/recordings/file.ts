import { open, type FileHandle } from 'node:fs/promises'
import { MaskError } from '../../errors.js'

/** Bytes of a piece's length, which stands before it. */
const lengthBytes = 4
/** A sealed second has some 8 KB; anything far larger is no file of ours. */
const maxPiece = 65_536

/** The sealed pieces of a file, in order. @throws MaskError recording_unavailable for what is no such file */
export async function * piecesOf(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    for (let at = 0, length = await lengthAt(file, at); length > 0; length = await lengthAt(file, at)) {
      const piece = Buffer.alloc(length)
      const { bytesRead } = await file.read(piece, 0, length, at + lengthBytes)
      // The process died while it wrote its last piece: what was whole before it counts.
      if (bytesRead < length) return
      at += lengthBytes + length
      yield piece
    }
  } finally {
    await file.close()
  }
}

/** Sizes of the pieces, without reading them. */
export async function sizesOf(path: string): Promise<number[]> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const sizes: number[] = []
    for (let at = 0, length = await lengthAt(file, at); length > 0 && at + lengthBytes + length <= size; length = await lengthAt(file, at)) {
      sizes.push(length)
      at += lengthBytes + length
    }
    return sizes
  } finally {
    await file.close()
  }
}

/** A piece with its length ahead. */
export function framed(piece: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(piece.length)
  return Buffer.concat([length, piece])
}

async function lengthAt(file: FileHandle, at: number): Promise<number> {
  const head = Buffer.alloc(lengthBytes)
  const { bytesRead } = await file.read(head, 0, lengthBytes, at)
  const length = bytesRead < lengthBytes ? 0 : head.readUInt32BE()
  if (length > maxPiece) throw new MaskError('recording_unavailable', { reason: 'damaged' })
  return length
}
