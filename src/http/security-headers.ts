import type { FastifyHelmetOptions } from '@fastify/helmet'

/** Answers are data: a browser is to do nothing with them. TLS is promised by whoever terminates it. */
export const helmetOptions: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  strictTransportSecurity: false
}

/** The same for what is answered before a request is one, where no plugin comes to act. */
export const earlyHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': 'default-src \'none\';frame-ancestors \'none\'',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store'
}
