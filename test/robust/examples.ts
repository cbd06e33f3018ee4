import { createRequire } from 'node:module'

const message = createRequire(import.meta.url)('sip-message-examples') as (name: string) => string

/** Messages seen in real networks, from the package of that name, with the length that their bodies have there. */
export const examples = ['invite', 'invite-tls', 'invite-compact', 'siprec', 'siprec2', 'siprec3'].map((name) => {
  const text = message(name)
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return { name, text: text.replace(/^(Content-Length|l)\s*:\s*\d+/im, (_, header: string) => `${header}: ${Buffer.byteLength(body)}`) }
})
