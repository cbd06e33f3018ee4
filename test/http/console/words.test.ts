import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { reasons } from '../../../src/call/termination.js'
import { errorTable } from '../../../src/errors.js'
import { eventNames, failureReasons } from '../../../src/http/webhooks/types.js'
import { classTable } from '../../../src/record/retention/classes.js'
import { classNames } from '../../../src/record/retention/types.js'
import { SettingsSchema } from '../../../src/shop/settings.js'

const folder = fileURLToPath(new URL('../../../src/http/console/web/', import.meta.url))
type Words = Record<string, string>
const wordsOf = async (language: string): Promise<Words> => (await import(join(folder, 'words', `${language}.js`)) as { default: Words }).default
const [en, et] = await Promise.all([wordsOf('en'), wordsOf('et')])
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js') && !name.startsWith('words')).map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')

/** Facts of a class, each with the classes' names behind it. */
const facts = ['purpose', 'startEvent', 'place', 'method', 'owner'] as const
/** Sets of words that are chosen by a value: what can stand behind their dot. */
const sets = new Set([...sources.matchAll(/named\('(\w+)'/g)].map(([, set]) => set!).concat(facts))
/** Words that depend on a count. */
const counts = new Set([...sources.matchAll(/counted\('([\w.]+)'/g)].map(([, word]) => word!))
/** Words that the text of the pages names in full, also where a choice stands between two of them. */
const quoted = new Set([...sources.matchAll(/'([\w-]+(?:\.[\w-]+)+)'/g)].map(([, word]) => word!))
/** Beginnings that the pages complete: `outcome.${name}`. */
const begun = [...sources.matchAll(/\bt\(`([\w.]+\.)\$\{/g)].map(([, start]) => start!)

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
const isUsed = (word: string): boolean => quoted.has(word) || sets.has(word.split('.')[0]!) || begun.some((start) => word.startsWith(start)) || counts.has(word.replace(/\.(one|other)$/, ''))

test('both languages have the same words with the same gaps', (t) => {
  t.same(Object.keys(et), Object.keys(en), 'the same keys in the same order')
  for (const [word, text] of Object.entries(en)) {
    t.not(text.trim(), '', `${word} is not empty`)
    t.not(et[word]?.trim(), '', `${word} is not empty in Estonian`)
    // `one` may leave the number out: "One call".
    if (!word.endsWith('.one')) t.same(placeholders(et[word] ?? ''), placeholders(text), `gaps of ${word}`)
  }
  t.end()
})

test('no word is unused, and none is missing', (t) => {
  t.same(Object.keys(en).filter((word) => !isUsed(word)), [], 'unused')
  const asked = [...sources.matchAll(/\bt\('([\w.]+)'/g)].map(([, word]) => word!)
  t.same(asked.filter((word) => en[word] === undefined), [], 'missing')
  t.same([...counts].filter((word) => en[`${word}.one`] === undefined || en[`${word}.other`] === undefined), [], 'missing for a count')
  t.same([...sets].filter((set) => !Object.keys(en).some((word) => word.startsWith(`${set}.`))), [], 'sets without words')
  t.end()
})

test('what the server may say has words', (t) => {
  const behind = (set: string): string[] => Object.keys(en).filter((word) => word.startsWith(`${set}.`)).map((word) => word.slice(set.length + 1)).sort()
  t.same(behind('reason'), [...reasons].sort(), 'reasons of calls')
  t.same(behind('kind'), [...classNames, 'requests'].sort(), 'classes, and the requests that are erased with them')
  t.same(behind('event'), [...eventNames].sort(), 'what a shop is told')
  t.same(behind('failure'), [...failureReasons].sort(), 'and why it did not take it')
  t.same(behind('setting'), Object.keys(SettingsSchema.properties).sort(), 'settings')
  t.same(behind('settingHint'), behind('setting'), 'and a hint for each')
  t.same(behind('error').filter((code) => !['network', 'reason', 'at'].includes(code) && !Object.hasOwn(errorTable, code)), [], 'only error codes that exist')
  t.end()
})

test('what is said about a class in English is what the server says', (t) => {
  const classes = classTable({ line: { minTtlSeconds: 60, maxTtlSeconds: 86_400, quarantineSeconds: 86_400 }, record: { retentionDays: 30 } })
  for (const one of classes) for (const fact of facts) t.equal(en[`${fact}.${one.name}`], one[fact].replaceAll('\'', '’'), `${fact} of ${one.name}`)
  t.end()
})
