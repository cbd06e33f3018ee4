/** Requests to /v1 of the server that these pages came from, with the cookie of the session. */

const base = new URL('../v1/', document.baseURI)
const own = new URL('./', document.baseURI)
/** Milliseconds after which an answer is given up; the server's own limit is below it. */
const patienceMs = 25_000

/** What a request ended with when it did not succeed. `code` is the server's, or `network` when there was no answer. */
export class ApiError extends Error {
  /** @param {{ status: number, code: string, title?: string | undefined, field?: string | undefined }} problem */
  constructor({ status, code, title, field }) {
    super(title ?? code)
    this.status = status
    this.code = code
    this.field = field
  }
}

/** @type {() => void} */
let signedOut = () => undefined

/** Names what is done when the server no longer knows the session. @param {() => void} action */
export function whenSignedOut(action) {
  signedOut = action
}

/**
 * @template T
 * @param {string} path below /v1/, such as `retention`; never with anything about a person in it
 * @param {Record<string, string | number | undefined>} [query]
 * @returns {Promise<T>}
 */
export function get(path, query = {}) {
  return answer(urlOf(path, query), { method: 'GET' })
}

/**
 * @template T
 * @param {'POST' | 'PUT' | 'PATCH' | 'DELETE'} method
 * @param {string} path below /v1/
 * @param {unknown} [body]
 * @returns {Promise<T>}
 */
export function send(method, path, body) {
  return answer(new URL(path, base), request(method, body))
}

/** Opens a session with a key. The key is in this one body and nowhere else. @param {string} key @returns {Promise<void>} */
export async function openSession(key) {
  await answer(new URL('session', own), request('POST', { key }), false)
}

/** @returns {Promise<void>} */
export async function closeSession() {
  await answer(new URL('session', own), request('DELETE'), false)
}

/** A file of the server's as text, for a download. @param {string} path @param {Record<string, string>} query */
export async function getText(path, query) {
  return (await fetched(urlOf(path, query), { method: 'GET' })).text()
}

/**
 * A file that may be large, as it comes. What it is to hold goes in a body: there may be somebody's words in it.
 * @param {string} path below /v1/ @param {Record<string, string>} wanted
 * @param {(rows: number, expected: number) => void} progress lines so far, and how many there will be at most
 * @param {AbortSignal} signal
 * @returns {Promise<Blob>}
 */
export async function sendForRows(path, wanted, progress, signal) {
  const response = await fetched(new URL(path, base), { ...request('POST', wanted), signal })
  const expected = Number(response.headers.get('x-maskline-rows') ?? 0)
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = []
  let rows = 0
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Blob(parts)
    parts.push(value)
    for (const byte of value) if (byte === lineEnd) rows++
    progress(rows, expected)
  }
}

const lineEnd = 10

/** @param {string} path @param {Record<string, string | number | undefined>} query */
function urlOf(path, query) {
  const url = new URL(path, base)
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
  return url
}

/** @param {string} method @param {unknown} [body] @returns {RequestInit} */
function request(method, body) {
  return {
    method,
    // Tells the server that one of its own pages asks; no other site can set it.
    headers: { 'x-maskline-console': '1', ...body === undefined ? {} : { 'content-type': 'application/json' } },
    ...body === undefined ? {} : { body: JSON.stringify(body) }
  }
}

/**
 * @template T
 * @param {URL} url @param {RequestInit} init @param {boolean} [behindSession]
 * @returns {Promise<T>}
 */
async function answer(url, init, behindSession = true) {
  const response = await fetched(url, init, behindSession)
  const text = await response.text()
  return text === '' ? /** @type {T} */ (undefined) : /** @type {T} */ (JSON.parse(text))
}

/** @param {URL} url @param {RequestInit} init @param {boolean} [behindSession] */
async function fetched(url, init, behindSession = true) {
  /** @type {Response} */
  let response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(patienceMs), ...init, credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
  } catch {
    throw new ApiError({ status: 0, code: 'network' })
  }
  if (response.ok) return response
  if (response.status === 401 && behindSession) signedOut()
  throw new ApiError(await problemOf(response))
}

/** @param {Response} response */
async function problemOf(response) {
  const { status } = response
  try {
    /** @type {unknown} */
    const body = await response.json()
    const problem = /** @type {{ code?: string, title?: string, field?: string }} */ (body)
    return { status, code: problem.code ?? 'internal', title: problem.title, field: problem.field }
  } catch {
    return { status, code: 'internal' }
  }
}
