import { Type } from 'typebox'
import { MaskError } from '../errors.js'
import type { AuditAction } from '../record/audit/types.js'
import { mayAct, type Actor } from '../shop/access.js'
import type { Auth } from './auth.js'
import { cookieOf, giveCookie, takeCookie } from './cookie.js'
import { isFromConsole } from './origin.js'
import { answers } from './schemas.js'
import type { Api, RouteDeps } from './types.js'

const path = '/console/session'
const SignIn = Type.Object({ key: Type.String({ minLength: 1, maxLength: 256, description: 'An API key with the role admin, auditor or operator.' }) }, { additionalProperties: false })
const Nothing = Type.Null({ description: 'Nothing.' })

/** Signing in to the console with an API key, and out again. Both only from the console's own page. */
export function sessionRoutes(app: Api, deps: RouteDeps, auth: Auth): void {
  const { sessions, audit } = deps
  const noted = async ({ id, shopId, roles }: Actor, action: AuditAction, result: 'done' | 'refused'): Promise<void> => {
    await audit.append({ shopId, actor: { id, roles }, action, result })
  }
  const begin = {
    operationId: 'beginSession',
    summary: 'Sign in to the console: sets a cookie that stands for the key',
    tags: ['access'],
    security: [],
    body: SignIn,
    response: answers({ 204: Nothing }, [], { body: true })
  }
  // Before the body is read.
  const ownPage = async (request: Parameters<typeof isFromConsole>[0]): Promise<void> => {
    if (!isFromConsole(request)) throw new MaskError('forbidden')
  }
  app.post(path, { schema: begin, onRequest: ownPage }, async (request, reply) => {
    const identity = await auth.signIn(request, request.body.key)
    const may = mayAct(identity.actor, 'admin', 'auditor', 'operator')
    await noted(identity.actor, 'session.begin', may ? 'done' : 'refused')
    if (!may) throw new MaskError('forbidden')
    const before = cookieOf(request)
    if (before !== undefined) await sessions.end(before)
    giveCookie(request, reply, await sessions.begin(identity))
    return reply.code(204).send(null)
  })

  const end = { operationId: 'endSession', summary: 'Sign out', tags: ['access'], security: [], response: answers({ 204: Nothing }, []) }
  app.delete(path, { schema: end, onRequest: ownPage }, async (request, reply) => {
    const text = cookieOf(request)
    const identity = text === undefined ? undefined : await sessions.find(text)
    if (text !== undefined && identity !== undefined) {
      await noted(identity.actor, 'session.end', 'done')
      await sessions.end(text)
    }
    takeCookie(request, reply)
    return reply.code(204).send(null)
  })
}
