import type { Paper, Section, Table } from './types.js'

/** The paper as Markdown. What shops and operators typed is escaped: it may not become a link, a heading or HTML. */
export function markdownOf({ title, sections }: Paper): string {
  return [`# ${plain(title)}`, ...sections.map(sectionOf)].join('\n\n') + '\n'
}

function sectionOf({ heading, paragraphs = [], table }: Section): string {
  return [`## ${plain(heading)}`, ...paragraphs.map(plain), ...table === undefined ? [] : [tableOf(table)]].join('\n\n')
}

function tableOf([head = [], ...rows]: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!~]/g, '\\$&').replace(/\s+/g, ' ').trim()
}
