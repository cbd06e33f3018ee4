import { Socket } from 'node:net'
import t from 'tap'
import { errorTable, MaskError, type ErrorCode } from '../../src/errors.js'
import { answerBrokenRequest, problemOf, refusalFor, type Problem } from '../../src/http/errors.js'
import type { Lines } from '../../src/line/types.js'
import { captured, silent } from '../support/log.js'
import { courier, testApi } from './support.js'

t.test('every code becomes its problem', async (t) => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const { http, title } = errorTable[code]
    const problem = problemOf(new MaskError(code, { field: 'a.b' }))
    if (http === 0) {
      t.match(problem, { status: 500, code: 'internal', title: errorTable.internal.title }, `${code} is not for clients`)
      t.equal(problem.field, undefined)
      continue
    }
    t.match(problem, { type: `urn:maskline:problem:${code}`, title, status: http, code, field: 'a.b' }, code)
    t.equal(problem.retryAfter === undefined, http !== 503, `${code}: 503 always says when`)
  }
})

t.test('a retry time of the part that refused is kept', async (t) => {
  t.equal(problemOf(new MaskError('pool_exhausted', { retryAfter: 77 })).retryAfter, 77)
  t.equal(problemOf(new MaskError('rate_limited', { retryAfter: 3 })).retryAfter, 3)
})

t.test('what we did not foresee is ours, without its words', async (t) => {
  for (const thrown of [new Error(`secret ${courier}`), new TypeError('x'), 'text', 5, { statusCode: 400, message: courier }, Object.assign(new Error('x'), { statusCode: 418 })]) {
    const problem = problemOf(refusalFor(thrown))
    t.match(problem, { status: 500, code: 'internal', title: errorTable.internal.title })
    t.notOk(JSON.stringify(problem).includes(courier))
  }
})

t.test('a failure behind the route is a 500 without its text, and is logged without it', async (t) => {
  const { send, logged } = await testApi(t, { lines: { numbers: async () => { throw new Error(`cannot reach ${courier}`) } } as unknown as Lines })
  const answer = await send('GET', '/v1/numbers')
  t.equal(answer.statusCode, 500)
  t.equal(answer.json<Problem>().code, 'internal')
  t.notOk(answer.body.includes('cannot reach'))
  t.match(logged(), /"code":"internal".*http\.failed/)
  t.match(logged(), /errorName":"Error/)
  t.notOk(logged().includes('cannot reach'))
})

t.test('a store that is away is 503 with a time to retry', async (t) => {
  const { send } = await testApi(t, { lines: { numbers: async () => { throw new MaskError('store_unavailable', { retryAfter: 1 }) } } as unknown as Lines })
  const answer = await send('GET', '/v1/numbers')
  t.equal(answer.statusCode, 503)
  t.equal(answer.headers['retry-after'], '1')
  t.match(answer.json(), { code: 'store_unavailable', retryAfter: 1 })
})

t.test('a part that never answers does not hold the request', async (t) => {
  const never = { numbers: () => new Promise(() => undefined) } as unknown as Lines
  const { send } = await testApi(t, { lines: never }, (config) => ({ ...config, http: { ...config.http, requestTimeoutMs: 300 } }))
  const answer = await send('GET', '/v1/numbers')
  t.equal(answer.statusCode, 503)
  t.equal(answer.json<Problem>().code, 'deadline_exceeded')
  t.ok(answer.headers['retry-after'])
})

t.test('a socket that is gone gets nothing', async (t) => {
  const { log, text } = captured()
  const socket = new Socket()
  answerBrokenRequest(Object.assign(new Error('x'), { code: 'ECONNRESET' }), socket, log)
  t.ok(socket.destroyed)
  t.equal(text(), '')
  t.doesNotThrow(() => answerBrokenRequest(new Error('x'), socket, silent))
})
