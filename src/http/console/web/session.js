import { closeSession, get, openSession, whenSignedOut } from './api.js'
import { asApiError } from './resource.js'
import { refresh } from './refresh.js'

/** @import { Me } from './types.js' */

/**
 * Who is signed in. The key itself is never kept here: the server holds the session and the browser its cookie,
 * which no script can read.
 * @type {{ state: 'unknown' | 'out' | 'in' | 'failed', me: Me | undefined, ended: boolean, error: import('./api.js').ApiError | undefined }}
 */
export const session = { state: 'unknown', me: undefined, ended: false, error: undefined }

whenSignedOut(() => {
  // Only somebody who was in is told that it is over.
  leave(session.state === 'in')
})

/** Finds out whether the browser has a session already; resolves to why not. Never rejects. */
export async function resume() {
  try {
    session.me = await get('me')
    session.state = 'in'
    session.error = undefined
  } catch (cause) {
    const error = asApiError(cause)
    session.state = error.status === 401 ? 'out' : 'failed'
    session.error = error
  }
  refresh()
  return session.error
}

/** Signs in. Rejects with an ApiError. @param {string} key */
export async function signIn(key) {
  await openSession(key)
  session.ended = false
  const error = await resume()
  if (error !== undefined) throw error
}

/** Signs out, here in any case. */
export async function signOut() {
  await closeSession().catch(() => undefined)
  leave(false)
}

/** @param {boolean} ended whether it ended by itself */
function leave(ended) {
  session.state = 'out'
  session.me = undefined
  session.ended = ended
  refresh()
}

/** Whether whoever is signed in has one of these roles. @param {...string} roles */
export const may = (...roles) => session.me?.roles.some((role) => roles.includes(role)) ?? false
