import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** What every planted word begins with; no other text of the project has it. */
const stem = 'zqkanaar'
/** What all numbers of people that are planted have in common: `701740` and two or three more digits. */
const numberStem = '701740'

/** One secret, planted in one place of one message. */
export interface Planted {
  readonly side: 'a' | 'b'
  /** Header or description line, and the message that carried it, such as `Subject in INVITE`. */
  readonly place: string
  readonly message: string
}

/** Hands out words of which each is used in one place only, so that a find tells where it came from. */
export class Canaries {
  readonly planted = new Map<string, Planted>()

  constructor(readonly side: 'a' | 'b') {}

  word(place: string, message: string): string {
    // Letters only: some header fields take nothing else, and no form of writing changes them.
    const word = `${stem}${this.side}${letters(this.planted.size)}`
    this.planted.set(word, { side: this.side, place, message })
    return word
  }

  /** What a word stands for that was found somewhere. */
  whose(word: string): string {
    const found = this.planted.get(word)
    return found ? `${found.side}: ${found.place} in ${found.message}` : word
  }
}

function letters(count: number): string {
  let text = ''
  for (let rest = count, digits = 0; digits < 4; digits++, rest = Math.floor(rest / 20)) text += 'bcdfghjkmnpqrstvwxyz'.charAt(rest % 20)
  return text
}

/**
 * All words and numbers of people in bytes, however they are written: as they are, spaced, percent-encoded, hex,
 * base64 and base64url at every offset (a JWT is that), quoted-printable, in UTF-16, compressed.
 * @returns words and the digits of numbers (from 70174 on), each once
 */
export function findings(bytes: Buffer): string[] {
  const found = new Set<string>()
  for (const text of readings(bytes)) {
    for (const [word] of text.matchAll(/zqkanaar[ab][a-z]{4}/gi)) found.add(word.toLowerCase())
    for (const [digits] of text.matchAll(/701740\d{3}/g)) found.add(digits)
  }
  return [...found]
}

/** Texts that may stand behind the bytes. Only what shows a stem in some form is decoded any further. */
function readings(bytes: Buffer): string[] {
  const plain = bytes.toString('latin1')
  const texts = [plain, plain.replaceAll('\0', ''), plain.replace(/(?<=\w)[ .()\-_/]{1,3}(?=\w)/g, '')]
  if (/%[0-9a-f]{2}/i.test(plain)) texts.push(plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))))
  if (/=[0-9A-F]{2}/.test(plain)) texts.push(plain.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))))
  for (const [run] of plain.matchAll(/[0-9a-f](?:[ :]?[0-9a-f]){15,}/gi)) texts.push(Buffer.from(run.replace(/[ :]/g, ''), 'hex').toString('latin1'), Buffer.from(run.slice(1).replace(/[ :]/g, ''), 'hex').toString('latin1'))
  for (const [run] of plain.matchAll(/[\w+/-]{12,}/g)) {
    if (!base64Stems.some((form) => run.includes(form))) continue
    // A run may begin before the encoded text does: every offset is tried.
    for (let shift = 0; shift < 4; shift++) texts.push(Buffer.from(run.slice(shift), run.includes('-') || run.includes('_') ? 'base64url' : 'base64').toString('latin1'))
  }
  return texts
}

/** The middle of each stem in base64 at its three offsets. */
const base64Stems = [stem, stem.toUpperCase(), numberStem].flatMap((text) => ['', 'x', 'xx'].map((lead) => {
  const encoded = Buffer.from(lead + text).toString('base64').replaceAll('=', '')
  return encoded.slice(lead === '' ? 0 : 4, -2)
})).filter((form) => form.length >= 5)

/** Every file below a folder, unpacked where it is packed. */
export function filesBelow(dir: string): { readonly name: string, readonly bytes: Buffer }[] {
  return readdirSync(dir, { recursive: true }).map(String).filter((name) => statSync(join(dir, name)).isFile()).map((name) => {
    const bytes = readFileSync(join(dir, name))
    return { name, bytes: name.endsWith('.gz') ? gunzipSync(bytes) : bytes }
  })
}
