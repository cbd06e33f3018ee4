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
 * The 32 bytes that wrap every other key: from the configuration, else `dataDir/master.key`.
 * @throws MaskError config_invalid when what is there is not 32 bytes in base64
 */
export function masterKeyOf(config: Config): Buffer {
  const file = join(config.dataDir, 'master.key')
  const text = config.secrets.masterKey ?? ensureSecret(file, () => randomBytes(masterKeyBytes).toString('base64'))
  const key = Buffer.from(text, 'base64')
  if (key.length !== masterKeyBytes || !/^[A-Za-z0-9+/]{43}=?$/.test(text)) {
    const place = config.secrets.masterKey === null ? `in ${file}` : 'MASKLINE_MASTER_KEY'
    throw invalid(`The master key ${place} must be ${masterKeyBytes} bytes in base64.`)
  }
  return key
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
