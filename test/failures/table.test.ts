import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const [, section = ''] = /^## When something is missing\n([^]*?)\n##/m.exec(readFileSync(new URL('docs/operation.md', root), 'utf8')) ?? []
const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| failure |')).map((line) => line.split(' | '))

t.test('every failure of the table has an outcome, and a test that is there', async (t) => {
  t.ok(rows.length > 15, `${rows.length} failures`)
  for (const cells of rows) {
    const [failure = '', , , , proof = ''] = cells
    t.equal(cells.length, 5, failure)
    const tests = [...proof.matchAll(/`([a-z0-9/-]+)`/g)].map(([, name]) => name!)
    t.ok(tests.length > 0, failure)
    for (const name of tests) t.ok(existsSync(new URL(`test/${name}.test.ts`, root)), name)
  }
})
