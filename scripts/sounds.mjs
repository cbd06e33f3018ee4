/**
 * The part of scripts/sounds.sh that a shell does badly.
 * `list TEXTS` prints a line `language TAB prompt TAB text` for each text of the YAML file;
 * `manifest TEXTS FOLDER` writes FOLDER/manifest.json: for each sound the SHA-256 of its text and of its bytes.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const languages = ['en', 'et', 'ru']
const [command, file, folder] = process.argv.slice(2)
const texts = readTexts(file)

if (command === 'list') process.stdout.write(texts.map((line) => `${line.join('\t')}\n`).join(''))
else if (command === 'manifest' && folder) writeManifest(folder)
else stop('Use: node scripts/sounds.mjs list TEXTS | manifest TEXTS FOLDER')

/** Everything that ends up in a path or a command is checked here. */
function readTexts(name) {
  const tree = parse(readFileSync(name, 'utf8')) ?? {}
  return Object.entries(tree).flatMap(([prompt, byLanguage]) => {
    if (!/^[a-z][a-z-]{0,31}$/.test(prompt)) stop(`${prompt} is no name of a prompt.`)
    return Object.entries(byLanguage ?? {}).map(([language, text]) => {
      if (!languages.includes(language)) stop(`${prompt}: the language must be one of ${languages.join(', ')}.`)
      if (typeof text !== 'string' || text.trim() === '' || /[\t\r\n\\<]/.test(text)) stop(`${prompt}, ${language}: the text must be one plain line.`)
      return [language, prompt, text]
    })
  })
}

function writeManifest(out) {
  const entries = texts.map(([language, prompt, text]) => {
    const name = `${language}/${prompt}.wav`
    return [name, { text: digest(text), sound: digest(readFileSync(join(out, name))) }]
  })
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}

function digest(data) {
  return createHash('sha256').update(data).digest('hex')
}

function stop(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
