import t from 'tap'
import type { HealthPart } from '../../src/http/types.js'
import { testApi } from './support.js'

const answerOf = async (parts: () => Promise<HealthPart[]>): Promise<{ status: number, body: unknown }> => {
  const { send } = await testApi(t, { health: { parts } })
  const answer = await send('GET', '/readyz', undefined, { key: null })
  return { status: answer.statusCode, body: answer.json() }
}

t.test('alive as long as the process answers', async (t) => {
  const { send } = await testApi(t, { health: { parts: async () => { throw new Error('x') } } })
  const answer = await send('GET', '/healthz', undefined, { key: null })
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), { status: 'ok' })
})

t.test('ready when every part is', async (t) => {
  const parts = [{ name: 'store', ok: true }, { name: 'sip', ok: true }]
  t.strictSame(await answerOf(async () => parts), { status: 200, body: { ready: true, parts } })
})

t.test('not ready when one part is not, and says which', async (t) => {
  const parts = [{ name: 'store', ok: true }, { name: 'sip', ok: false }]
  t.strictSame(await answerOf(async () => parts), { status: 503, body: { ready: false, parts } })
})

t.test('nothing but names and yes or no gets out', async (t) => {
  const parts = [{ name: 'store', ok: true, address: '192.0.2.1:6379' }]
  t.strictSame((await answerOf(async () => parts)).body, { ready: true, parts: [{ name: 'store', ok: true }] })
})

t.test('not ready when nobody can say', async (t) => {
  const unknown = { status: 503, body: { ready: false, parts: [] } }
  t.strictSame(await answerOf(async () => { throw new Error('x') }), unknown)
  t.strictSame(await answerOf(() => new Promise(() => undefined)), unknown, 'also when it takes too long')
  t.strictSame(await answerOf(async () => []), unknown)
})

t.test('probes do not fill the log', async (t) => {
  const { send, logged } = await testApi(t)
  await send('GET', '/healthz', undefined, { key: null })
  t.match(logged(), /"level":"debug".*\/healthz/)
  t.notMatch(logged(), /"level":"info".*\/healthz/)
})
