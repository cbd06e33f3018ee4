/** The report of bench/engines.ts, as far as it is drawn. */
export interface EnginesReport {
  readonly server: string
  readonly cores: number
  readonly contenders: readonly {
    readonly name: string
    readonly skipped?: string
    readonly setUpMs?: { readonly p50: number, readonly p95: number }
    readonly callsPerSecond?: number
  }[]
}

interface Bar { readonly name: string, readonly value: number, readonly text: string }

const width = 720
const labelWidth = 190
const rowHeight = 26

/** Two groups of bars as SVG, in colours that read on light and on dark. */
export function picture({ server, cores, contenders }: EnginesReport): string {
  const able = contenders.filter(({ setUpMs }) => setUpMs !== undefined)
  const setUp = able.map(({ name, setUpMs }): Bar => ({ name, value: setUpMs!.p95, text: `${setUpMs!.p50} ms, p95 ${setUpMs!.p95} ms` }))
  const rate = able.map(({ name, callsPerSecond = 0 }): Bar => ({ name, value: callsPerSecond, text: `${callsPerSecond}` }))
  const groups = [group(`Set-up time added between the two phones, ${server}, ${cores} cores`, setUp, 30), group('Calls a second without a failed one', rate, 70 + able.length * rowHeight)]
  const height = 90 + 2 * able.length * rowHeight
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Set-up time and calls a second of each media engine">
<style>text{fill:#24292f}.bar{fill:#2f6f8f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6cb6d9}}</style>
${groups.join('\n')}
</svg>
`
}

function group(title: string, bars: readonly Bar[], top: number): string {
  const largest = Math.max(...bars.map(({ value }) => value), 1)
  const room = width - labelWidth - 170
  const rows = bars.map(({ name, value, text }, index) => {
    const y = top + 12 + index * rowHeight
    const length = Math.max(2, Math.round(value / largest * room))
    return `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escaped(name)}</text><rect class="bar" x="${labelWidth}" y="${y + 2}" width="${length}" height="16" rx="2"/><text x="${labelWidth + length + 8}" y="${y + 14}">${escaped(text)}</text>`
  })
  return [`<text x="0" y="${top}" font-weight="600">${escaped(title)}</text>`, ...rows].join('\n')
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
