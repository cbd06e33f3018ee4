import { randomBytes } from 'node:crypto'

/** Consonants only: an id can be said aloud, forms no word, and is never mistaken for a phone number. */
const alphabet = 'bcdfghjkmnpqrstvwxyz'
const usable = 256 - (256 % alphabet.length)

let stock = Buffer.alloc(0)
let taken = 0

/** Random bytes for ids and nonces, each given out once. Fetched in stock: a call to the system for each costs more than all else. */
export function freshBytes(count: number): Buffer {
  if (taken + count > stock.length) {
    stock = randomBytes(Math.max(8192, count))
    taken = 0
  }
  taken += count
  return stock.subarray(taken - count, taken)
}

/** A random id of letters; 20 letters hold 86 bits. */
export function newId(length = 20): string {
  let id = ''
  while (id.length < length) {
    for (const byte of freshBytes(length * 2)) {
      // Bytes past the last whole multiple would make some letters likelier than others.
      if (byte < usable && id.length < length) id += alphabet.charAt(byte % alphabet.length)
    }
  }
  return id
}
