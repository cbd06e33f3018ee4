/** A style of text on a terminal. */
export type Style = 'request' | 'good' | 'waiting' | 'bad' | 'note' | 'quiet' | 'strong'

/** One who takes part; the first stands left. */
export interface LadderColumn {
  readonly title: string
  readonly subtitle: string
}

/** A message from one column to another. */
export interface Arrow {
  readonly kind: 'arrow'
  /** Milliseconds from the start. */
  readonly at: number
  readonly from: number
  readonly to: number
  readonly label: string
  readonly style: Style
}

/** Something that happens to one column. */
export interface Note {
  readonly kind: 'note'
  readonly at: number
  readonly column: number
  readonly text: string
}

export type Rung = Arrow | Note

/** Characters of a drawing; `plain` for terminals that know ASCII only. */
interface Pencil {
  readonly lane: string
  readonly line: string
  readonly right: string
  readonly left: string
  readonly dot: string
}

const pencils: Readonly<Record<'fine' | 'plain', Pencil>> = {
  fine: { lane: '│', line: '─', right: '▶', left: '◀', dot: '●' },
  plain: { lane: '|', line: '-', right: '>', left: '<', dot: '*' }
}

const codes: Readonly<Record<Style, string>> = { request: '36', good: '32', waiting: '33', bad: '31', note: '1', quiet: '2', strong: '1' }

/** How to draw: with colours on a terminal, with ASCII alone where nothing else can be shown. */
export interface Look {
  readonly colours: boolean
  readonly unicode: boolean
}

/** What the place where we write can show. */
export function lookOf(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Look {
  // An empty variable counts as none (POSIX, environment variables).
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '') ?? 'C.UTF-8'
  return { colours: stream.isTTY === true && env.NO_COLOR === undefined, unicode: /utf-?8/i.test(locale) }
}

/** Text in a style, or as it is without colours. */
export function paint(text: string, style: Style | undefined, { colours }: Look): string {
  return colours && style !== undefined ? `\u001b[${codes[style]}m${text}\u001b[0m` : text
}

/** After this long without anything a line is left free, so that waiting can be seen. */
const pauseMs = 400
/** Room for the time at the left edge, and for half a title at both. */
const gutter = 10
const margin = 10

/** One line of a drawing, character by character. */
class Row {
  readonly #cells: { char: string, style: Style | undefined }[] = []

  put(at: number, text: string, style?: Style): this {
    Array.from(text).forEach((char, i) => {
      while (this.#cells.length < at + i) this.#cells.push({ char: ' ', style: undefined })
      if (at + i >= 0) this.#cells[at + i] = { char, style }
    })
    return this
  }

  print(look: Look): string {
    let text = ''
    for (let i = 0; i < this.#cells.length;) {
      const { style } = this.#cells[i]!
      let run = ''
      for (; i < this.#cells.length && this.#cells[i]!.style === style; i++) run += this.#cells[i]!.char
      text += paint(run, style, look)
    }
    return text
  }
}

/**
 * Draws who sent what to whom, from top to bottom in the order of time.
 * @param width characters at most, 60 to 100
 * @returns lines without line ends
 */
export function drawLadder(columns: readonly LadderColumn[], rungs: readonly Rung[], look: Look, width = 96): string[] {
  const pencil = pencils[look.unicode ? 'fine' : 'plain']
  const gap = Math.floor((width - gutter - 2 * margin) / Math.max(1, columns.length - 1))
  const lanes = columns.map((_, i) => gutter + margin + i * gap)
  const blank = (): Row => lanes.reduce((row, lane) => row.put(lane, pencil.lane, 'quiet'), new Row())
  const rows = [
    titles(columns.map(({ title }) => title), lanes, width, 'strong'),
    titles(columns.map(({ subtitle }) => subtitle), lanes, width, 'quiet'),
    blank()
  ]
  let last = 0
  for (const rung of [...rungs].sort((a, b) => a.at - b.at)) {
    if (rung.at - last > pauseMs) rows.push(blank())
    last = rung.at
    const row = blank().put(0, `${(rung.at / 1000).toFixed(2)} s`.padStart(gutter - 1), 'quiet')
    if (rung.kind === 'arrow') drawArrow(row, lanes[rung.from]!, lanes[rung.to]!, rung, pencil)
    else drawNote(row, lanes, rung, width, pencil)
    rows.push(row)
  }
  return [...rows, blank()].map((row) => row.print(look).trimEnd())
}

/** Each in the middle of its lane, but never over the edge. */
function titles(texts: readonly string[], lanes: readonly number[], width: number, style: Style): Row {
  return texts.reduce((row, text, i) => row.put(Math.max(0, Math.min(width - text.length, lanes[i]! - (text.length >> 1))), text, style), new Row())
}

/** The label stands near the one who sends. */
function drawArrow(row: Row, from: number, to: number, { label, style }: Arrow, pencil: Pencil): void {
  const [left, right] = [Math.min(from, to) + 1, Math.max(from, to) - 1]
  const text = ` ${label.slice(0, right - left - 5)} `
  row.put(left, pencil.line.repeat(right - left + 1), style)
  if (from < to) row.put(left + 2, text, style).put(right, pencil.right, style)
  else row.put(right - 1 - text.length, text, style).put(left, pencil.left, style)
}

/** Beside its lane, inwards at the last one. */
function drawNote(row: Row, lanes: readonly number[], { column, text }: Note, width: number, pencil: Pencil): void {
  const lane = lanes[column]!
  const last = column === lanes.length - 1
  const room = last && column > 0 ? lane - lanes[column - 1]! - 4 : (lanes[column + 1] ?? width) - lane - 4
  const short = text.slice(0, Math.max(0, room))
  row.put(lane, pencil.dot, 'note').put(last && column > 0 ? lane - 1 - short.length : lane + 2, short, 'note')
}
