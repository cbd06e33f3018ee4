/** Control and format characters out of a text: a terminal would obey them. Line ends and tabs stay. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => char === '\n' || char === '\t' ? char : '')
}

/** Rows under a heading, in columns. An absent cell is a dash. */
export function table(heading: readonly string[], rows: readonly (readonly (string | number | undefined)[])[]): string {
  const lines = [heading, ...rows.map((row) => row.map((cell) => String(cell ?? '-').replace(/\s+/g, ' ')))]
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')
}

const units = [[86_400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']] as const

/** A time in the largest unit that divides it: 2592000 is `30 days`. @param seconds whole */
export function duration(seconds: number): string {
  const [size, name] = units.find(([unit]) => seconds !== 0 && seconds % unit === 0) ?? units[3]
  const count = seconds / size
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** About how long, in the largest unit that fits: `3 hours`. @param seconds not negative */
export function roughly(seconds: number): string {
  const [size] = units.find(([unit]) => seconds >= unit) ?? units[3]
  return duration(Math.floor(seconds / size) * size)
}
