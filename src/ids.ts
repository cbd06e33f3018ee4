import { randomBytes } from 'node:crypto'

/** Consonants only: an id can be said aloud, forms no word, and is never mistaken for a phone number. */
const alphabet = 'bcdfghjkmnpqrstvwxyz'
const usable = 256 - (256 % alphabet.length)

/** A random id of letters; 20 letters hold 86 bits. */
export function newId(length = 20): string {
  let id = ''
  while (id.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // Bytes past the last whole multiple would make some letters likelier than others.
      if (byte < usable && id.length < length) id += alphabet.charAt(byte % alphabet.length)
    }
  }
  return id
}
