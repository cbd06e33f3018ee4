/** Leads places in the bundled tests back to the sources, when something failed: so no test process has to read source maps. */
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'

/**
 * @param {string} root the project's folder
 * @param {string} bundled the folder in it that bundle.mjs has made
 * @returns {(text: string) => string} puts, for each `file:line:column` of the bundle in a text, the one of the source
 */
export function sourcePlaces(root, bundled) {
  const maps = new Map()
  // With the whole path as Node writes it, or from the project's folder as tap does; the folder's name is like no other.
  const place = new RegExp(`(?:file://)?[^\\s:()]*/${basename(bundled)}/([^\\s:()]+\\.js):(\\d+):(\\d+)`, 'g')

  function mapOf(file) {
    const path = join(bundled, `${file}.map`)
    if (!maps.has(file) && existsSync(path)) maps.set(file, new SourceMap(JSON.parse(readFileSync(path, 'utf8'))))
    return maps.get(file)
  }

  return (text) => text.replace(place, (whole, file, line, column) => {
    const { originalSource, originalLine, originalColumn } = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1) ?? {}
    if (originalSource === undefined) return whole
    return `${relative(root, resolve(bundled, dirname(file), originalSource))}:${originalLine + 1}:${originalColumn + 1}`
  })
}
