import t from 'tap'
import { courier, customer, keys, order, reference, testApi, third } from './support.js'

/** The last digits are enough to know a person by; a log that wrote a number in any form would hold them. */
const people = [courier, customer, third].map((number) => number.slice(-7))
const anywhere = [...people, ...Object.values(keys)]

t.test('no answer and no log line holds a person\'s number, and no log line a reference or key', async (t) => {
  const { send, logged, store } = await testApi(t)
  const answers: string[] = []
  const ask: typeof send = async (...request) => {
    const answer = await send(...request)
    answers.push(`${answer.statusCode} ${JSON.stringify(answer.headers)} ${answer.body}`)
    return answer
  }
  const { id } = (await ask('POST', '/v1/deliveries', order(), { headers: { 'idempotency-key': reference } })).json<{ id: string }>()
  await ask('POST', '/v1/deliveries', order(), { headers: { 'idempotency-key': reference } })
  await ask('POST', '/v1/deliveries', order({ courier: { phone: third } }), { headers: { 'idempotency-key': reference } })
  await ask('POST', '/v1/deliveries', order())
  await ask('POST', '/v1/deliveries', order({ customer: { phone: courier } }))
  await ask('POST', '/v1/deliveries', order({ customer: { phone: courier.slice(1) } }))
  await ask('POST', '/v1/deliveries', order({ [courier]: reference }))
  await ask('POST', '/v1/deliveries', `{"reference":"${reference}","courier":${courier}`)
  await ask('PATCH', `/v1/deliveries/${id}`, { courier: { phone: third } })
  await ask('PATCH', `/v1/deliveries/${id}`, { courier: { phone: customer } })
  await ask('POST', `/v1/deliveries/${id}/phones`, { party: 'customer', phone: courier })
  await ask('POST', `/v1/deliveries/${id}/phones`, { party: 'customer', phone: customer })
  for (const url of [`/v1/deliveries/${id}`, `/v1/deliveries/${id}/calls`, '/v1/calls', '/v1/numbers', `/v1/calls?from=${courier}`, `/v1/deliveries/${courier}`, `/${courier}?${reference}`, `/v1/calls?${customer}=1`]) await ask('GET', url)
  await ask('GET', '/v1/numbers', undefined, { key: `${keys.one}x`, headers: { 'x-request-id': courier } })
  await ask('DELETE', `/v1/deliveries/${id}`)
  await store.close()
  await ask('GET', `/v1/deliveries/${id}`)
  await ask('POST', '/v1/deliveries', order({ reference: `${reference}-2` }))

  t.ok(answers.length > 20)
  for (const answer of answers) {
    for (const secret of anywhere) t.notOk(answer.includes(secret), `${answer.slice(0, 3)} without ${secret}`)
    if (Number(answer.slice(0, 3)) >= 400) t.notOk(answer.includes(reference), 'an error never repeats the reference')
  }
  const log = logged()
  t.ok(log.split('\n').length > 20)
  for (const secret of [...anywhere, reference, '%2B', 'canary']) t.notOk(log.includes(secret), `log without ${secret}`)
  t.match(log, /"route":"\/v1\/deliveries\/:id"/, 'but the pattern of the route')
})
