import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Config } from '../config.js'
import { MaskError } from '../errors.js'

const masterKeyBytes = 32

/**
 * Reads the secret kept in `file`, or makes it once: mode 0600, whole or not at all, and two processes
 * that start at the same moment end up with the same one.
 * @throws MaskError config_invalid with one sentence when the file cannot be read or written
 */
export function ensureSecret(file: string, make: () => string): string {
  try {
    if (!existsSync(file)) create(file, make())
    // Made by hand with a wider mode: nobody else has business in it.
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw invalid(`The secret in ${file} cannot be read or made (${code ?? 'unknown error'}).`)
  }
}

function create(file: string, secret: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    writeDurably(draft, `${secret}\n`)
    // A link, unlike a rename, never replaces the secret that another process made in the meantime.
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/**
 * The 32 bytes that wrap every other key: from the configuration, else `dataDir/master.key`, made when it is not there.
 * @throws MaskError config_invalid when what is there is not 32 random bytes in base64
 */
export function masterKeyOf({ dataDir, secrets }: Config): Buffer {
  const file = join(dataDir, 'master.key')
  const text = secrets.masterKey ?? ensureSecret(file, () => randomBytes(masterKeyBytes).toString('base64'))
  const place = secrets.masterKey === null ? `in ${file}` : 'MASKLINE_MASTER_KEY'
  const key = masterKeyIn(text, place)
  if (!looksRandom(key)) throw invalid(`The master key ${place} is a text or a pattern: make one by "openssl rand -base64 32".`)
  return key
}

/**
 * The master key, and the one before it while it changes: from the configuration, else `dataDir/master.former.key` if
 * there is one. The latter may be as bad as it was.
 * @throws MaskError config_invalid
 */
export function masterKeysOf(config: Config): { readonly current: Buffer, readonly former?: Buffer } {
  const { dataDir, secrets } = config
  const current = masterKeyOf(config)
  const file = join(dataDir, 'master.former.key')
  const text = secrets.masterKeyFormer ?? (existsSync(file) ? ensureSecret(file, () => '') : undefined)
  if (text === undefined) return { current }
  const former = masterKeyIn(text, secrets.masterKeyFormer === null ? `in ${file}` : 'MASKLINE_MASTER_KEY_FORMER')
  return former.equals(current) ? { current } : { current, former }
}

function masterKeyIn(text: string, place: string): Buffer {
  const key = Buffer.from(text, 'base64')
  if (key.length !== masterKeyBytes || !/^[A-Za-z0-9+/]{43}=?$/.test(text)) throw invalid(`The master key ${place} must be ${masterKeyBytes} bytes in base64.`)
  return key
}

/** What is typed or copied from an example is no secret. Random bytes fail here less than once in 10^13 times. */
function looksRandom(key: Buffer): boolean {
  const isText = key.every((byte) => byte >= 0x20 && byte < 0x7f)
  return !isText && new Set(key).size >= masterKeyBytes / 2
}

/**
 * The API key of the first shop of the configuration: from there, else `dataDir/api.key`.
 * @throws MaskError config_invalid when what is there is no usable key
 */
export function apiKeyOf(config: Config): string {
  const file = join(config.dataDir, 'api.key')
  const key = config.secrets.apiKey ?? ensureSecret(file, () => `mk_${randomBytes(24).toString('base64url')}`)
  if (!/^[\x21-\x7e]{16,200}$/.test(key)) throw invalid(`The API key in ${file} must be 16 to 200 visible ASCII characters.`)
  return key
}

function invalid(sentence: string): MaskError {
  return new MaskError('config_invalid', { cause: sentence })
}
