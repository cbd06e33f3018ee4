import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = new URL('../', import.meta.url)
const text = readFileSync(new URL('docs/threat-model.md', root), 'utf8')
/** Rows of the tables of threats: threat, control, shown by. */
const rows = [...text.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, threat, control, proof]) => ({ threat: threat!.trim(), control: control!.trim(), proof: proof!.trim() }))
  .filter(({ proof }) => proof.includes('`test/'))

t.test('every threat has a control and a test', async (t) => {
  for (const section of text.split(/^## /m).filter((section) => section.includes('| threat |'))) {
    const lines = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| threat |'))
    t.ok(lines.length > 3, section.slice(0, 30))
    for (const line of lines) t.match(line, /^\| [^|]+ \| [^|]+ \| `test\/[^|]+\*[^|]+ \|$/, line.slice(0, 80))
  }
  t.ok(rows.length > 50, `${rows.length} threats`)
})

t.test('every test that is named is there, under its title', async (t) => {
  let named = 0
  for (const { threat, proof } of rows) {
    // `file`: *title*; *title*; `file`: *title*
    for (const [, file, titles] of proof.matchAll(/`(test\/[^`]+)`: ((?:\*[^*]+\*(?:; )?)+)/g)) {
      const place = new URL(file!, root)
      if (!t.ok(existsSync(fileURLToPath(place)), `${file} (${threat})`)) continue
      const source = readFileSync(place, 'utf8').replaceAll('\\\'', '\'').replaceAll('’', '\'')
      for (const [, title] of titles!.matchAll(/\*([^*]+)\*/g)) {
        t.ok(source.includes(title!), `${file}: ${title}`)
        named += 1
      }
    }
    const files = proof.match(/`test\//g) ?? []
    t.equal([...proof.matchAll(/`(test\/[^`]+)`: \*/g)].length, files.length, `${threat}: a file without a title proves nothing`)
  }
  t.ok(named > 80, `${named} tests`)
})
