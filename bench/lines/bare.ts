/** The least that a route with a store can do: parse JSON, one Redis SET, answer. */
import { fastify } from 'fastify'
import { createStore } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'

const store = createStore({ url: process.env.BENCH_REDIS_URL!, commandTimeoutMs: 5000, log: createLog('silent') })
const app = fastify()
let at = 0
app.get('/', async () => ({ ok: true }))
app.post('/', async (_request, reply) => {
  await store.set(`bare:${at++ % 100_000}`, 'x')
  return await reply.code(201).send({ ok: true })
})
await store.ready(10_000)
await app.listen({ host: '127.0.0.1', port: Number(process.env.BENCH_PORT) })
process.once('SIGTERM', () => void app.close().then(() => store.close()))
