import { existsSync, readFileSync, statSync, type Stats } from 'node:fs'
import { basename, join } from 'node:path'
import type { Config } from '../config.js'
import { MaskError } from '../errors.js'
import type { Command } from './command.js'
import { exits, Fault } from './fault.js'
import { roughly, table } from './text.js'

/** One thing that was looked at. `ok` null: it does not lie here. */
export interface Finding {
  readonly what: string
  readonly ok: boolean | null
  readonly says: string
  /** Whole seconds since the file or folder was last written. */
  readonly ageSeconds?: number
}

/** The files of this machine, before they are copied or after they came back. Nothing is changed, no secret is read. */
export const backupCheck: Command = {
  help: 'files of this machine: modes, append-only files, no snapshot of keys; exit 1 when one is wrong',
  run: async ({ env }) => {
    const findings = checkFiles(await configOf(env), Date.now())
    const rows = findings.map(({ what, ok, says, ageSeconds }) => [ok === null ? '-' : ok ? 'ok' : 'WRONG', what, ageSeconds === undefined ? undefined : roughly(ageSeconds), says])
    const wrong = findings.filter(({ ok }) => ok === false).length
    return { data: { ok: wrong === 0, findings }, text: table(['', 'WHAT', 'WRITTEN AGO', ''], rows), exit: wrong === 0 ? exits.well : exits.wrong }
  }
}

/** Loaded only here: the schemas of the configuration are slow to load, and no other command needs them. */
async function configOf(env: NodeJS.ProcessEnv): Promise<Config> {
  const { loadConfig } = await import('../config.js')
  try {
    return loadConfig(env)
  } catch (error) {
    if (error instanceof MaskError && error.code === 'config_invalid') throw new Fault(String(error.cause))
    throw error
  }
}

/** @param now milliseconds since 1970 */
export function checkFiles({ dataDir, secrets, redis, keys }: Config, now: number): Finding[] {
  const masterFile = join(dataDir, 'master.key')
  return [
    closed(dataDir, 0o700, now),
    secrets.masterKey === null ? closed(masterFile, 0o600, now) : elsewhere(masterFile, 'the master key comes from the configuration'),
    ...['master.former.key', 'api.key'].map((name) => join(dataDir, name)).filter((file) => existsSync(file)).map((file) => closed(file, 0o600, now)),
    ...storeFindings(join(dataDir, 'redis'), redis.url, 'MASKLINE_REDIS_URL', now),
    ...storeFindings(join(dataDir, 'keys'), keys.url, 'MASKLINE_KEYS_URL', now),
    ...(keys.url === null ? [noSnapshot(join(dataDir, 'keys'))] : [])
  ]
}

function storeFindings(dir: string, url: string | null, variable: string, now: number): Finding[] {
  if (url !== null) return [elsewhere(dir, `${variable} names a Redis of your own: check it there`)]
  return [closed(dir, 0o700, now), appendOnly(dir, now)]
}

const elsewhere = (what: string, says: string): Finding => ({ what, ok: null, says })
const missing = (what: string): Finding => ({ what, ok: false, says: 'is missing, or this user may not look at it' })

/** Nobody but its owner may use it. @param mode what it should be at most */
function closed(what: string, mode: number, now: number): Finding {
  const stats = statsOf(what)
  if (stats === undefined) return missing(what)
  const found = stats.mode & 0o777
  const ok = (found & ~mode) === 0
  return { what, ok, says: `mode ${octal(found)}${ok ? '' : `, must be ${octal(mode)}`}`, ageSeconds: age(stats, now) }
}

/** The list of append-only files that Redis 7 keeps: it is there, and all that it names is. */
function appendOnly(dir: string, now: number): Finding {
  const list = join(dir, 'appendonlydir', 'appendonly.aof.manifest')
  const names = manifestNames(list)
  if (names === undefined || names.length === 0) return { what: list, ok: false, says: 'no append-only file: writes since the last snapshot would be lost' }
  const files = names.map((name) => [name, statsOf(join(dir, 'appendonlydir', basename(name)))] as const)
  const gone = files.filter(([, stats]) => stats === undefined).map(([name]) => name)
  if (gone.length > 0) return { what: list, ok: false, says: `names ${gone.join(' and ')}, which is missing` }
  const ages = files.map(([, stats]) => age(stats!, now))
  const bytes = files.reduce((sum, [, stats]) => sum + stats!.size, 0)
  return { what: list, ok: true, says: `append-only, ${files.length} files, ${bytes} bytes, oldest written ${roughly(Math.max(...ages))} ago`, ageSeconds: Math.min(...ages) }
}

/** Lines such as `file appendonly.aof.1.incr.aof seq 1 type i`. Type h is history that Redis is about to delete. */
function manifestNames(file: string): string[] | undefined {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.flatMap((line) => /^file (\S+) seq \d+ type [bi]/.exec(line)?.[1] ?? [])
  } catch {
    return undefined
  }
}

/** A snapshot would hold keys that were destroyed since (docs/operation.md, "Destruction"). */
function noSnapshot(dir: string): Finding {
  const what = join(dir, 'dump.rdb')
  return statsOf(what) === undefined
    ? { what, ok: true, says: 'no snapshot of keys' }
    : { what, ok: false, says: 'a snapshot holds keys that were destroyed since: delete it' }
}

function statsOf(file: string): Stats | undefined {
  try {
    return statSync(file)
  } catch {
    return undefined
  }
}

const age = ({ mtimeMs }: Stats, now: number): number => Math.max(0, Math.floor((now - mtimeMs) / 1000))
const octal = (mode: number): string => mode.toString(8).padStart(4, '0')
