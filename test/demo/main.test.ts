import t from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { program } from '../support/program.js'

const main = program(new URL('../../src/demo/main.ts', import.meta.url))

async function demo(env: NodeJS.ProcessEnv): Promise<{ code: unknown, text: string }> {
  const child = spawn(process.execPath, [...main.execArgv, main.file], { env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => { text += part })
  const [code] = await once(child, 'close') as unknown[]
  return { code, text }
}

t.test('one whole delivery, as promised', async (t) => {
  const { code, text } = await demo({})
  t.equal(code, 0, text)
  t.match(text, /INVITE from \+442079460\d{3}/)
  t.match(text, /"This delivery is over"/)
  t.match(text, /14 promises kept, 0 broken/)
  t.notMatch(text, /✗|\u001b/)
  t.ok(text.split('\n').every((line) => line.length <= 100))
})

t.test('what cannot start is one sentence and a failure', async (t) => {
  const { code, text } = await demo({ PATH: '/nowhere' })
  t.equal(code, 1)
  t.match(text, /✗ .*redis-server/)
})
