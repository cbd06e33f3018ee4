import cookie from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isPlainLoopback } from './origin.js'
import type { Api } from './types.js'

/** With the prefix a browser takes the cookie over TLS only, for this host only (RFC 6265bis §4.1.3.2). */
export const sessionCookie = '__Host-maskline'
/** For a browser on this machine, where there is no TLS. */
export const plainCookie = 'maskline'

/** How a browser is to keep it: no script reads it and no other site sends it. */
function rules(request: FastifyRequest): { readonly name: string, readonly options: { httpOnly: true, sameSite: 'strict', path: string, secure: boolean } } {
  const plain = isPlainLoopback(request)
  return { name: plain ? plainCookie : sessionCookie, options: { httpOnly: true, sameSite: 'strict', path: '/', secure: !plain } }
}

export async function readCookies(app: Api): Promise<void> {
  await app.register(cookie)
}

/** The session's text that came with a request. */
export function cookieOf(request: FastifyRequest): string | undefined {
  return request.cookies[rules(request).name]
}

/** The browser forgets it when it is closed; we forget it earlier (shop/sessions.ts). */
export function giveCookie(request: FastifyRequest, reply: FastifyReply, text: string): void {
  const { name, options } = rules(request)
  reply.setCookie(name, text, options)
}

export function takeCookie(request: FastifyRequest, reply: FastifyReply): void {
  const { name, options } = rules(request)
  reply.clearCookie(name, options)
}
