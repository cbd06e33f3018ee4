import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkFiles, type Finding } from '../../src/cli/backup.js'
import { loadConfig, type Config } from '../../src/config.js'
import { maskline } from './support.js'

const secret = 'c2VjcmV0LWluLXRoZS1tYXN0ZXIta2V5LWZpbGUtaGVyZQ=='
const aof = (store: string, name = 'appendonly.aof.manifest'): string => join(store, 'appendonlydir', name)

/** A data folder as a server leaves it. */
function folder(t: { teardown: (end: () => void) => void }): Config {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-backup-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  for (const file of ['master.key', 'api.key']) writeFileSync(join(dir, file), secret, { mode: 0o600 })
  for (const store of ['redis', 'keys']) {
    mkdirSync(join(dir, store, 'appendonlydir'), { recursive: true, mode: 0o700 })
    writeFileSync(aof(join(dir, store)), 'file a.1.base.rdb seq 1 type b\nfile a.0.incr.aof seq 0 type h\nfile a.1.incr.aof seq 1 type i\n')
    for (const name of ['a.1.base.rdb', 'a.1.incr.aof']) writeFileSync(aof(join(dir, store), name), 'x')
  }
  return loadConfig({ MASKLINE_DATA_DIR: dir })
}
const wrong = (findings: readonly Finding[]): string[] => findings.filter(({ ok }) => ok === false).map(({ what, says }) => `${what} ${says}`)

t.test('each fault is found, and only it', async (t) => {
  const faults: [string, (dir: string) => void, RegExp][] = [
    ['an open folder', (dir) => chmodSync(dir, 0o750), /mode 0750, must be 0700$/],
    ['a master key for all', (dir) => chmodSync(join(dir, 'master.key'), 0o644), /master\.key mode 0644, must be 0600$/],
    ['an API key for a group', (dir) => chmodSync(join(dir, 'api.key'), 0o640), /api\.key mode 0640/],
    ['no master key', (dir) => rmSync(join(dir, 'master.key')), /master\.key is missing/],
    ['an open store', (dir) => chmodSync(join(dir, 'redis'), 0o755), /redis mode 0755/],
    ['no append-only file', (dir) => rmSync(aof(join(dir, 'keys'))), /keys.*no append-only file/],
    ['half an append-only file', (dir) => rmSync(aof(join(dir, 'redis'), 'a.1.incr.aof')), /redis.*names a\.1\.incr\.aof/],
    ['a snapshot of keys', (dir) => writeFileSync(join(dir, 'keys', 'dump.rdb'), ''), /dump\.rdb a snapshot/]
  ]
  for (const [name, breaks, says] of faults) {
    const config = folder(t)
    t.strictSame(wrong(checkFiles(config, Date.now())), [], 'a good one')
    breaks(config.dataDir)
    const found = wrong(checkFiles(config, Date.now()))
    t.equal(found.length, 1, name)
    t.match(found[0], says, name)
  }
})

t.test('the age of files, and what lies elsewhere', async (t) => {
  const config = folder(t)
  const later = checkFiles(config, Date.now() + 3 * 3_600_000)
  t.ok(later.every(({ what, ageSeconds }) => what.endsWith('dump.rdb') || Math.abs(ageSeconds! - 10_800) < 60), 'three hours')
  const mine = checkFiles({ ...config, redis: { ...config.redis, url: 'redis://h:1' }, keys: { url: 'redis://h:2' }, secrets: { ...config.secrets, masterKey: secret } }, Date.now())
  t.strictSame(mine.map(({ ok }) => ok), [true, null, true, null, null])
})

t.test('on the command line: 1 when something is wrong, and no secret', async (t) => {
  const { dataDir } = folder(t)
  chmodSync(join(dataDir, 'master.key'), 0o604)
  const [text, json] = await Promise.all([maskline({ MASKLINE_DATA_DIR: dataDir }, 'backup', 'check'), maskline({ MASKLINE_DATA_DIR: dataDir }, 'backup', 'check', '--json')])
  t.match(text, { exit: 1, out: /WRONG +\S+master\.key/, err: '' })
  t.match(JSON.parse(json.out), { ok: false })
  t.notMatch(text.out + json.out, secret)
})
