import { createHmac, randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * Names the place that a request comes from without keeping its address: an HMAC under a key that only this process
 * has, and only in memory. One IPv6 /64 is one place, because a single machine may use all of it.
 */
export function createSources(): (request: Pick<FastifyRequest, 'ip'>) => string {
  const key = randomBytes(32)
  return ({ ip }) => createHmac('sha256', key).update(placeOf(ip)).digest('base64url')
}

function placeOf(ip: string): string {
  if (!isIPv6(ip)) return ip
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  return mapped ?? prefixOf(ip)
}

/** First four groups of an IPv6 address (RFC 4291 §2.2), written out. */
function prefixOf(ip: string): string {
  const [head = '', tail] = ip.replace(/%.*$/, '').toLowerCase().split('::')
  const groups = (part: string): string[] => part === '' ? [] : part.split(':')
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const all = tail === undefined ? front : [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back]
  return all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':')
}
