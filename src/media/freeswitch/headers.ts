/**
 * Reads the header lines of an event socket message; `Content-Length` becomes a number.
 * Values are percent-encoded, but not all of them: one that does not decode stays as it is.
 */
export function readHeaders(text: string): Record<string, string | number> {
  const headers: Record<string, string | number> = {}
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ')
    const [name, value] = at < 0 ? [line, ''] : [line.slice(0, at), decode(line.slice(at + 2))]
    headers[name] = name === 'Content-Length' ? Number.parseInt(value, 10) : value
  }
  return headers
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
