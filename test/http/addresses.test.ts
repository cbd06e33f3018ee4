import t from 'tap'
import { testApi, wordsOf, type Parameter } from './support.js'

/**
 * Every route of the API's own description: what may stand in its address is a word out of a fixed set, a whole number, a
 * time, a cursor or an id of ours. What people write or are called by has no room there, so no log of a proxy and no
 * history of a browser can hold it.
 */
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Schema { readonly type?: string, readonly pattern?: string, readonly minimum?: number, readonly maximum?: number }
interface Place extends Parameter { readonly path: string, readonly method: Method, readonly schema?: Parameter['schema'] & Schema }

const { send } = await testApi(t)
const { paths } = (await send('GET', '/openapi.json')).json<{ paths: Record<string, Record<string, { parameters?: Parameter[] }>> }>()
const places = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).flatMap(([verb, { parameters = [] }]) =>
  parameters.filter((parameter) => parameter.in !== 'header').map((parameter): Place => ({ path, method: verb.toUpperCase() as Method, ...parameter }))))

const phones = ['+46701740605', '46701740605', '0046701740605', '0701740605', '070-174 06 05', '+46 70 174 06 05']
const words = ['Mari', 'mari', 'mari.maasikas', 'mari-maasikas', 'Mari Maasikas', 'mari@shop.example', 'order-1001', 'order_1001', 'for-46701740605', 'why.46701740605', 'sip:mari@shop.example', 'Õunapuu 7', '1985-03-14 Mari', 'x']
/** Where some of it fits all the same: a proxy number, which is the pool's and no person's; a shop, which operators give a name of their own. */
const fitting: Readonly<Record<string, readonly string[]>> = {
  '/v1/numbers/{number} number': ['+46701740605'],
  '/v1/shops/{id} id': ['46701740605', '0046701740605', '0701740605', 'mari', 'x']
}

/** Whether a text may stand there, as the description has it. */
function takes({ schema = {}, ...rest }: Place, text: string): boolean {
  const known = wordsOf({ ...rest, schema })
  if (known !== undefined) return known.includes(text)
  const { type, pattern, minimum = -Infinity, maximum = Infinity } = schema
  if (type === 'integer') return /^-?\d+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum
  return pattern === undefined || new RegExp(pattern, 'u').test(text)
}

t.test('no address of a route takes what a person may be called, written or reached by', async (t) => {
  t.ok(places.length > 40, `${places.length} parameters`)
  for (const place of places) {
    const name = `${place.path.startsWith('/v1/shops/') ? '/v1/shops/{id}' : place.path} ${place.name}`
    t.strictSame([...phones, ...words].filter((text) => takes(place, text)), fitting[name] ?? [], `${place.method} ${place.path}: ${place.in} ${place.name}`)
  }
})

t.test('the server holds to it: such a text is refused, or is the address of nothing, and reaches no log', async (t) => {
  const { send, logged } = await testApi(t)
  const text = 'mari.maasikas'
  for (const parameter of places) {
    const { path, method, in: place, name } = parameter
    const known = path.replace(/\{(\w+)\}/g, (whole, own: string) => own === name ? text : own === 'name' ? 'dpia' : whole)
    const answer = await send(method, place === 'path' ? known.replace(/\{\w+\}/g, 'demo') : `${known}?${name}=${text}`, method === 'GET' || method === 'DELETE' ? undefined : {})
    t.match(answer.json(), place === 'path' && wordsOf(parameter) === undefined ? { status: 404, code: /(^|_)not_found$/ } : { status: 422, code: 'request_invalid', field: name }, `${method} ${path}: ${place} ${name}`)
  }
  t.notMatch(logged(), text)
})

t.test('no query takes what it does not know', async (t) => {
  for (const path of new Set(places.filter((place) => place.in === 'query').map(({ path }) => path))) {
    for (const name of ['reason', 'reference', 'phone', 'search', 'q']) t.match((await send('GET', `${path.replace('{name}', 'dpia')}?${name}=x`)).json(), { status: 422, field: name }, `${path}?${name}`)
  }
})
