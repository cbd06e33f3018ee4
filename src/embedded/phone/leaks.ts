/** National part of an E.164 number of this length is enough to find a person. */
const tellingDigits = 9

/**
 * Where a number shows up in bytes: as it is, without its plus, nationally, percent-encoded, or with blanks, dots,
 * dashes and brackets between the digits.
 * @param number E.164
 * @returns the places, as offsets into `bytes` or, for spaced digits, into the text without those marks
 */
export function findNumber(bytes: Buffer, number: string): number[] {
  const digits = number.replace(/\D/g, '').slice(-tellingDigits)
  const text = bytes.toString('latin1')
  const joined = text.replace(/(?<=\d)[ .()-]{1,3}(?=\d)/g, '')
  const places = placesOf(text, digits)
  return places.length > 0 ? places : placesOf(joined, digits)
}

function placesOf(text: string, digits: string): number[] {
  const places: number[] = []
  for (let at = text.indexOf(digits); at !== -1; at = text.indexOf(digits, at + 1)) places.push(at)
  return places
}
