import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** One file of the console as a browser gets it. */
export interface ConsoleFile {
  readonly body: Buffer
  /** The same with gzip (RFC 1952), a quarter of the size. */
  readonly packed: Buffer
  readonly type: string
  /** A strong validator (RFC 9110 §8.8.3). */
  readonly etag: string
}

/** Where the browser's files lie; nothing of them is built, so this holds for src/ and dist/ alike. */
const folder = fileURLToPath(new URL('../../../src/http/console/web/', import.meta.url))

/** What the pages use of lit-html; each of them imports only its neighbours. */
const library = ['lit-html.js', 'directive.js', 'directive-helpers.js', 'directives/live.js', 'directives/repeat.js']

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/**
 * Reads everything that a browser may ask for: path below `/console/` → file. What is not in the map does
 * not exist, so that no path of a request ever reaches the file system.
 */
export function readConsoleFiles(): Map<string, ConsoleFile> {
  const files = new Map<string, ConsoleFile>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(name)]
    if (type !== undefined) files.set(name, fileOf(join(folder, name), type))
  }
  const root = libraryFolder()
  for (const name of library) files.set(`lib/${name}`, fileOf(join(root, name), types['.js']!))
  return files
}

function fileOf(path: string, type: string): ConsoleFile {
  const body = readFileSync(path)
  return { body, packed: gzipSync(body), type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

/** The folder of the package, whichever of its builds Node itself would take. */
function libraryFolder(): string {
  const entry = createRequire(import.meta.url).resolve('lit-html')
  const name = join('node_modules', 'lit-html')
  return entry.slice(0, entry.lastIndexOf(name) + name.length)
}
