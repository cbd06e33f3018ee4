import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bundle = process.env.MASKLINE_TEST_BUNDLE

/**
 * Arguments with which Node runs a module of ours as a process of its own: as scripts/test.mjs has made it ready, or from
 * its source when a test file is run by itself. @param source its `.ts` file
 */
export function program(source: URL): { execArgv: string[], file: string } {
  const path = fileURLToPath(source)
  return bundle === undefined
    ? { execArgv: ['--import=tsx'], file: path }
    : { execArgv: [], file: join(bundle, relative(root, path).replace(/\.ts$/, '.js')) }
}
