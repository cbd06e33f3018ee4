import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig, type Config } from '../../src/config.js'
import { apiKeyOf, ensureSecret, masterKeyOf, masterKeysOf } from '../../src/shop/secret.js'

const withDir = (dataDir: string, secrets: Partial<Config['secrets']> = {}): Config => {
  const config = loadConfig({})
  return { ...config, dataDir, secrets: { ...config.secrets, ...secrets } }
}

t.test('a secret is made once, for its owner alone', async (t) => {
  const dir = join(t.testdir({}), 'var')
  const file = join(dir, 'some.key')
  let made = 0
  const make = (): string => `secret-${++made}`
  t.equal(ensureSecret(file, make), 'secret-1')
  t.equal(ensureSecret(file, make), 'secret-1')
  t.equal(made, 1)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(dir).mode & 0o777, 0o700)
  t.same(readdirSync(dir), ['some.key'], 'no draft is left')
})

t.test('a mode that others can read is narrowed', async (t) => {
  const file = join(t.testdir({ 'some.key': 'x' }), 'some.key')
  chmodSync(file, 0o644)
  t.equal(ensureSecret(file, () => 'y'), 'x')
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('processes that start together share one secret', async (t) => {
  const file = join(t.testdir({}), 'some.key')
  const code = `import { ensureSecret } from ${JSON.stringify(new URL('../../src/shop/secret.ts', import.meta.url).href)}
    process.stdout.write(ensureSecret(${JSON.stringify(file)}, () => 'made-by-' + process.pid))`
  const outputs = await Promise.all(Array.from({ length: 4 }, async () => {
    const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
    await once(child, 'close')
    return text
  }))
  t.match(outputs[0], /^made-by-\d+$/)
  t.equal(new Set(outputs).size, 1)
  t.equal(readFileSync(file, 'utf8').trim(), outputs[0])
})

t.test('a place that cannot hold a secret is one sentence', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file', 'some.key')
  t.throws(() => ensureSecret(file, () => 'x'), { code: 'config_invalid', cause: /^The secret in .* cannot be read or made \(E\w+\)\.$/ })
})

t.test('the master key is 32 bytes, kept, and refused when short', async (t) => {
  const dir = t.testdir({})
  const key = masterKeyOf(withDir(dir))
  t.equal(key.length, 32)
  t.same(masterKeyOf(withDir(dir)), key, 'the same after a restart')
  const given = randomBytes(32)
  t.same(masterKeyOf(withDir(dir, { masterKey: given.toString('base64') })), given, 'the configuration wins')
  for (const bad of ['', 'c2hvcnQ=', Buffer.alloc(31, 1).toString('base64'), `${given.toString('base64').slice(0, -2)}?!`]) {
    writeFileSync(join(dir, 'master.key'), bad)
    t.throws(() => masterKeyOf(withDir(dir)), { code: 'config_invalid', cause: /^The master key in .*master\.key must be 32 bytes in base64\.$/ }, `of ${bad.length} characters`)
  }
  t.throws(() => masterKeyOf(withDir(dir, { masterKey: 'AAAA' })), { code: 'config_invalid', cause: 'The master key MASKLINE_MASTER_KEY must be 32 bytes in base64.' })
})

t.test('G6: a master key that is a text, a pattern or an example is refused', async (t) => {
  const dir = t.testdir({})
  const examples = [
    Buffer.alloc(32), Buffer.alloc(32, 7), Buffer.alloc(32, 0xff), Buffer.from('0123456789abcdef0123456789abcdef'), Buffer.from('correct horse battery staple 1234'.slice(0, 32)),
    Buffer.from(Array.from({ length: 32 }, (_, at) => at % 8)), Buffer.concat([randomBytes(8), Buffer.alloc(24)])
  ]
  for (const example of examples) {
    const masterKey = example.toString('base64')
    t.throws(() => masterKeysOf(withDir(dir, { masterKey })), { code: 'config_invalid', cause: 'The master key MASKLINE_MASTER_KEY is a text or a pattern: make one by "openssl rand -base64 32".' }, example.toString('hex'))
  }
  writeFileSync(join(dir, 'master.key'), Buffer.alloc(32).toString('base64'))
  t.throws(() => masterKeysOf(withDir(dir)), { code: 'config_invalid', cause: /^The master key in .*master\.key is a text or a pattern/ })
  const config = withDir(dir)
  for (let tries = 0; tries < 1000; tries++) masterKeyOf({ ...config, secrets: { ...config.secrets, masterKey: randomBytes(32).toString('base64') } })
})

t.test('G6: the master key before the current one, from the configuration or a file, however bad it was', async (t) => {
  const dir = t.testdir({})
  const [current, former] = [randomBytes(32), Buffer.alloc(32, 7)]
  const masterKey = current.toString('base64')
  t.same(masterKeysOf(withDir(dir, { masterKey })), { current })
  t.same(masterKeysOf(withDir(dir, { masterKey, masterKeyFormer: former.toString('base64') })), { current, former })
  t.same(masterKeysOf(withDir(dir, { masterKey, masterKeyFormer: masterKey })), { current }, 'twice the same is one')
  t.throws(() => masterKeysOf(withDir(dir, { masterKey, masterKeyFormer: 'c2hvcnQ=' })), { code: 'config_invalid', cause: /^The master key MASKLINE_MASTER_KEY_FORMER must be 32 bytes/ })
  writeFileSync(join(dir, 'master.former.key'), `${former.toString('base64')}\n`)
  t.same(masterKeysOf(withDir(dir, { masterKey })), { current, former })
  t.equal(statSync(join(dir, 'master.former.key')).mode & 0o777, 0o600)
  writeFileSync(join(dir, 'master.former.key'), '')
  t.throws(() => masterKeysOf(withDir(dir, { masterKey })), { code: 'config_invalid', cause: /master\.former\.key must be 32 bytes/ })
})

t.test('the API key is long, kept, and refused when short', async (t) => {
  const dir = t.testdir({})
  const key = apiKeyOf(withDir(dir))
  t.match(key, /^mk_[\w-]{32}$/)
  t.equal(apiKeyOf(withDir(dir)), key)
  t.equal(apiKeyOf(withDir(dir, { apiKey: 'a-key-from-the-config' })), 'a-key-from-the-config')
  writeFileSync(join(dir, 'api.key'), 'short')
  t.throws(() => apiKeyOf(withDir(dir)), { code: 'config_invalid' })
})
