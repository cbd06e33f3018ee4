/**
 * Makes plain JavaScript of the test files, so that none of their two hundred processes has to translate the whole
 * application again. What they share lies in common chunks, most packages stay outside, and every module still believes to be
 * where its source is.
 */
import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What tests start as processes of their own (test/support/program.ts). */
const programs = ['src/main.ts', 'src/cli/main.ts', 'src/demo/main.ts', 'test/store/keyring/worker.ts', 'test/support/line-worker.ts']

/** Packages of hundreds of small modules, which take each process half a second to open one by one; they go into the chunks, too. */
const inside = /^(?:typebox|libphonenumber-js)(?:\/|$)/

/**
 * @param {readonly string[]} files TypeScript, relative to the project
 * @returns {Promise<string>} the folder in which each lies as JavaScript under the same name; whoever asked removes it
 */
export async function bundle(files) {
  // Beside the packages, so that they are found from there.
  const folder = join(root, 'node_modules', '.cache')
  await mkdir(folder, { recursive: true })
  const outdir = await mkdtemp(join(folder, 'tests-'))
  await build({
    absWorkingDir: root, entryPoints: [...new Set([...files, ...programs])], outdir, outbase: root, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20',
    packages: 'external', sourcemap: 'linked', sourcesContent: false, logLevel: 'error', plugins: [ownPlaces, ownCopies]
  })
  return outdir
}

const ownPlaces = {
  name: 'own-places',
  setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
    contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    loader: 'ts'
  }))
}

const ownCopies = {
  name: 'own-copies',
  setup: ({ onResolve }) => onResolve({ filter: inside }, ({ path }) => ({ path: fileURLToPath(import.meta.resolve(path)) }))
}
