import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { program } from '../support/program.js'

const main = program(new URL('../../src/main.ts', import.meta.url))

/** Starts the whole application and waits for its end. */
async function start(env: Record<string, string>): Promise<{ exit: number | null, out: string, err: string }> {
  const child = spawn(process.execPath, [...main.execArgv, main.file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, MASKLINE_HTTP_PORT: '0', MASKLINE_METRICS_PORT: '0', MASKLINE_SIP_PORT: '0', MASKLINE_LOG_LEVEL: 'silent', ...env }
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (data: Buffer) => { out += data.toString() })
  child.stderr.on('data', (data: Buffer) => { err += data.toString() })
  const [exit] = await once(child, 'close') as [number | null]
  return { exit, out, err }
}

t.test('a port in use ends the start with one sentence that names the setting, and leaves nothing behind', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const port = String((taken.address() as AddressInfo).port)
  const dir = t.testdir({})
  for (const name of ['MASKLINE_HTTP_PORT', 'MASKLINE_METRICS_PORT', 'MASKLINE_SIP_PORT']) {
    t.strictSame(await start({ MASKLINE_DATA_DIR: dir, [name]: port }), { exit: 1, out: '', err: `Port ${port} on 127.0.0.1 is in use; set ${name} to another one.\n` })
  }
})
