import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A Redis script, ready to be run by its digest. */
export interface Script {
  /** The file's name without its ending; also the operation in logs and metrics. */
  readonly name: string
  readonly source: string
  readonly sha: string
}

const include = /^--- @include "([a-z-]+)"$/gm

/**
 * Reads a script. A line `--- @include "name"` stands for the file `includes/name.lua` beside it, which
 * may include others; each is taken in once.
 */
export function loadScript(file: URL): Script {
  const source = expand(file, new Set())
  return { name: basename(fileURLToPath(file), '.lua'), source, sha: createHash('sha1').update(source).digest('hex') }
}

function expand(file: URL, seen: Set<string>): string {
  return readFileSync(file, 'utf8').replace(include, (_line, name: string) => {
    if (seen.has(name)) return ''
    seen.add(name)
    const base = file.pathname.includes('/includes/') ? './' : './includes/'
    return expand(new URL(`${base}${name}.lua`, file), seen)
  })
}
