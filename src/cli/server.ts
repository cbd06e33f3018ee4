import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, misused } from './fault.js'
import { clean } from './text.js'

/** Longer than the server takes for any answer (`http.requestTimeoutMs`, at most a minute). */
const answerWithinMs = 65_000

type Query = Readonly<Record<string, string | undefined>>

/** A running server, as its HTTP API shows it. */
export interface Server {
  /** @throws Fault with the server's own sentence and code */
  readonly get: <T>(path: string, query?: Query) => Promise<T>
  /** @throws Fault */
  readonly text: (path: string, query?: Query) => Promise<string>
  /** @throws Fault */
  readonly send: <T>(method: 'POST' | 'DELETE', path: string, body?: object) => Promise<T>
  /** /readyz: 503 is an answer too, and no key is sent. @throws Fault */
  readonly ready: <T>() => Promise<T>
}

/**
 * The server of MASKLINE_URL with the key of MASKLINE_API_KEY, else of `api.key` in the data folder.
 * @throws Fault when the address is none; a missing key shows with the first request that needs it
 */
export function serverOf(env: NodeJS.ProcessEnv): Server {
  const base = baseOf(env.MASKLINE_URL ?? 'http://127.0.0.1:3000')
  const ask = (method: string, path: string, query: Query = {}, body?: object): Promise<Response> => {
    const headers = { authorization: `Bearer ${keyOf(env)}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    return send(base, urlOf(base, path, query), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  }
  return {
    get: async (path, query) => json(await good(await ask('GET', path, query))),
    text: async (path, query) => (await good(await ask('GET', path, query))).text(),
    send: async (method, path, body) => json(await good(await ask(method, path, {}, body))),
    ready: async () => {
      const answer = await send(base, urlOf(base, '/readyz', {}), {})
      return json(answer.status === 503 ? answer : await good(answer))
    }
  }
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw misused('MASKLINE_URL must be an address such as http://127.0.0.1:3000.')
  if (url.username !== '' || url.password !== '') throw misused('MASKLINE_URL must not hold a name or a password.')
  return url
}

/** Below the path of the address, if it has one: the server may stand behind a proxy. */
function urlOf(base: URL, path: string, query: Query): URL {
  const url = new URL(base.pathname.replace(/\/$/, '') + path, base)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

function keyOf({ MASKLINE_API_KEY: given, MASKLINE_DATA_DIR: dir }: NodeJS.ProcessEnv): string {
  const file = join(dir ?? 'var', 'api.key')
  const key = given ?? readKey(file)
  // Checked here: the sentence of fetch about a wrong header would show it.
  if (!/^[\x21-\x7e]{1,256}$/.test(key)) throw new Fault(`The API key ${given === undefined ? `in ${file}` : 'MASKLINE_API_KEY'} must be visible ASCII characters.`)
  return key
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new Fault(`There is no API key: set MASKLINE_API_KEY, or go where ${file} can be read.`)
  }
}

/** Redirects are not followed: the key is for this server only. */
async function send(base: URL, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(answerWithinMs) })
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    throw new Fault(late ? `The server at ${base.origin} does not answer in time.` : `No server answers at ${base.origin}; set MASKLINE_URL if it is elsewhere.`)
  }
}

async function good(answer: Response): Promise<Response> {
  if (answer.ok) return answer
  const problem = await json<{ title?: unknown, code?: unknown, field?: unknown, retryAfter?: unknown }>(answer)
  const { title, code, field, retryAfter } = problem
  if (typeof title !== 'string' || typeof code !== 'string') throw notOurs()
  const where = typeof field === 'string' ? `${code}, ${field}` : code
  throw new Fault(`${clean(title).replace(/\.$/, '')} (${clean(where)}).`, 1, code, typeof retryAfter === 'number' ? retryAfter : undefined)
}

/** What the server says is believed in its form: both are of one version. */
async function json<T>(answer: Response): Promise<T> {
  const value: unknown = await answer.json().catch(() => undefined)
  if (typeof value !== 'object' || value === null) throw notOurs()
  return value as T
}

const notOurs = (): Fault => new Fault('What answers there is not Maskline; look at MASKLINE_URL.')
