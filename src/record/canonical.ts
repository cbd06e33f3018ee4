/**
 * JSON in the one form that is hashed and signed: members sorted by name, no spaces (RFC 8785 for the texts,
 * whole numbers, lists and objects that we have; others are not used). A member that is undefined is left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
  })
}
