/**
 * Types and lint in one process: TypeScript reads and checks the sources once, and ESLint's rules ask the same program.
 * `node scripts/check.mjs` finds what `npm run check` and `npm run lint` find, for three quarters of what these two cost, and
 * ends with 1 when there is anything.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = 'src/http/console/web/'
const app = programOf('tsconfig.json')
const pages = programOf(`${page}tsconfig.json`)

const mistakes = [app, pages].flatMap((program) => ts.getPreEmitDiagnostics(program))
process.stdout.write(ts.formatDiagnostics(mistakes, { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }))

for (const program of [app, pages]) remember(program.getTypeChecker(), ['getTypeAtLocation', 'getResolvedSignature'])
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [
    { files: ['**/*.ts'], ignores: [page], languageOptions: { parserOptions: { programs: [app] } } },
    { files: [`${page}**/*.js`, `${page}**/*.d.ts`], languageOptions: { parserOptions: { programs: [pages] } } }
  ]
})
const results = await eslint.lintFiles(['.'])
process.stdout.write(await (await eslint.loadFormatter('stylish')).format(results))
process.exitCode = mistakes.length > 0 || results.some(({ errorCount }) => errorCount > 0) ? 1 : 0

/** @param {string} config a tsconfig.json, relative to the project; one that cannot be read throws */
function programOf(config) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => { throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n')) } }
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(join(root, config), {}, host)
  return ts.createProgram({ rootNames: fileNames, options, configFileParsingDiagnostics: errors })
}

/** A dozen rules ask about each place, and TypeScript would work it out afresh each time: its answers are kept by node. */
function remember(checker, questions) {
  for (const question of questions) {
    const known = new WeakMap()
    const ask = checker[question]
    checker[question] = (node, ...more) => {
      if (more.length > 0) return ask(node, ...more)
      if (!known.has(node)) known.set(node, ask(node))
      return known.get(node)
    }
  }
}
