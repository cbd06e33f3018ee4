import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../', import.meta.url)
const text = readFileSync(new URL('GDPR.md', root), 'utf8')

t.test('every behaviour from G1 to G25 has tests that bear its name', async (t) => {
  const rows = [...text.matchAll(/^\| (G\d+) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, name = '', files = '']) => ({ name, files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file) }))
  t.same(rows.map(({ name }) => name), Array.from({ length: 25 }, (_, index) => `G${index + 1}`))
  for (const { name, files } of rows) {
    t.ok(files.length > 0, name)
    for (const file of files) {
      t.ok(existsSync(new URL(file, root)) && new RegExp(`\\b${name}\\b`).test(readFileSync(new URL(file, root), 'utf8')), `${name}: ${file}`)
    }
  }
})
