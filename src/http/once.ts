import type { FastifyRequest } from 'fastify'
import { shopOf } from './auth.js'
import type { RouteDeps } from './types.js'

/**
 * Does the work of a POST, or repeats the answer that the same request got before under its Idempotency-Key:
 * same shop, key, address and body. Only what succeeded is repeated, for 24 hours.
 * @throws MaskError idempotency_mismatch, idempotency_in_progress, and whatever the work throws
 */
export async function once<T>({ idempotency }: RouteDeps, request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return work()
  const begun = await idempotency.begin(shopOf(request).id, key, { route: request.routeOptions.url, params: request.params, body: request.body })
  if ('answer' in begun) return JSON.parse(begun.answer) as T
  try {
    const answer = await work()
    await begun.finish(JSON.stringify(answer))
    return answer
  } catch (error) {
    await begun.abandon()
    throw error
  }
}
