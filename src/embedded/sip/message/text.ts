/**
 * Texts of SIP messages are byte strings: one character is one byte of the wire, so whatever bytes a
 * peer put into a header come back to it unchanged and every length is a byte length. These two turn
 * real text into a byte string and back.
 */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Splits at each `separator` that is neither in a quoted string nor between angle brackets. */
export function splitOutside(text: string, separator: ',' | ';'): string[] {
  if (!text.includes(separator)) return [text.trim()]
  const parts: string[] = []
  let start = 0
  let quoted = false
  let angle = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (quoted) {
      if (char === '\\') at++
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '<') angle = true
    else if (char === '>') angle = false
    else if (char === separator && !angle) {
      parts.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  parts.push(text.slice(start).trim())
  return parts
}

/** The values of a comma-separated header; empty ones are left out. */
export function splitList(value: string): string[] {
  return splitOutside(value, ',').filter((part) => part !== '')
}
