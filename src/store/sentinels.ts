import { Redis } from 'ioredis'

/**
 * Leaves a primary as soon as its sentinels name another. One that they gave up may live on, cut off from them but not
 * from us, and know nothing of what is changed elsewhere. Who is connected to the new one already stays there: sentinels
 * tell its address before they announce it. Listens until `redis` ends.
 * @param name of the primary @param options how sentinels are reached
 */
export function followSentinels(redis: Redis, name: string, sentinels: readonly { readonly host: string, readonly port: number }[], options: { readonly password?: string }): void {
  for (const place of sentinels) {
    const sentinel = new Redis({ ...place, ...options, protocol: 2, enableReadyCheck: false, maxRetriesPerRequest: null, disableClientInfo: true, retryStrategy: (attempt) => Math.min(100 * attempt, 5000) })
    // Without a listener an error event would be printed.
    sentinel.on('error', () => undefined)
    // Subscribed anew by itself after every reconnection.
    sentinel.subscribe('+switch-master').catch(() => undefined)
    sentinel.on('message', (_channel: string, text: string) => {
      // Not there before the first connection, whatever the type says.
      const stream = redis.stream as typeof redis.stream | undefined
      const [of, , , ...primary] = text.split(' ')
      if (of === name && primary.join(' ') !== `${stream?.remoteAddress} ${stream?.remotePort}`) redis.disconnect(true)
    })
    redis.once('end', () => sentinel.disconnect())
  }
}
