import type { FastifyRequest } from 'fastify'

/** Names that only this machine itself is called by. */
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** Whether a browser on this very machine asks without TLS: the only case in which a cookie may go without `Secure`. */
export function isPlainLoopback({ protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>): boolean {
  return protocol === 'http' && loopback.test(host)
}

/**
 * Whether a request that carries a cookie was made by our own console: by a script of the same origin, which alone can
 * set the header, and according to the browser itself (Fetch Metadata, else Origin of RFC 6454 §7).
 */
export function isFromConsole({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): boolean {
  if (headers['x-maskline-console'] !== '1') return false
  const site = headers['sec-fetch-site']
  const { origin } = headers
  if (site === undefined && origin === undefined) return false
  return (site === undefined || site === 'same-origin') && (origin === undefined || hostOf(origin) === host.toLowerCase())
}

/** Whether a read that carries a cookie was set off by another site. */
export function isFromElsewhere({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const site = headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
