import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { errorTable } from '../../src/errors.js'
import { documentedRoutes, testApi } from './support.js'

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  'x-roles'?: string[]
  requestBody?: unknown
  responses: Record<string, { description: string, content?: Record<string, { schema: { $ref?: string } }> }>
}
interface Description {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>, securitySchemes: Record<string, unknown> }
  security: unknown[]
}

const routes = documentedRoutes()
const { send } = await testApi(t)
const answer = await send('GET', '/openapi.json', undefined, { key: null })
const text = answer.body
const description = JSON.parse(text) as Description
const operations = Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })))

t.test('it is OpenAPI 3.1 with every route, and its roles, as docs/api.md has them', async (t) => {
  t.equal(answer.statusCode, 200)
  t.equal(description.openapi, '3.1.0')
  const documented = routes.filter(({ name }) => name !== 'GET /openapi.json')
  t.strictSame(operations.map(({ name }) => name).sort(), documented.map(({ name }) => name).sort(), 'docs/api.md lists each, and no other')
  for (const { name, roles } of documented) t.strictSame(operations.find((one) => one.name === name)?.operation['x-roles'] ?? [], roles, `${name}: who may`)
  t.match(description.components.securitySchemes, { apiKey: { type: 'http', scheme: 'bearer' } })
  t.strictSame(description.security, [{ apiKey: [] }, { session: [] }])
})

t.test('no route hides from it, and so from the tests that go by it', async (t) => {
  const root = new URL('../../src/http/', import.meta.url)
  const hiding = readdirSync(root, { recursive: true }).map(String).filter((name) => name.endsWith('.ts') && readFileSync(new URL(name, root), 'utf8').includes('hide: true'))
  t.strictSame(hiding.sort(), ['console/routes.ts', 'methods.ts', 'routes/openapi.ts'], 'but the description itself, the console\'s files and what answers 405')
})

t.test('every operation has a name, a tag and its answers', async (t) => {
  const ids = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, operations.length, 'names differ')
  for (const { name, operation } of operations) {
    t.match(operation, { operationId: /^[a-z]\w+$/i, summary: /\w/, tags: [/\w/] }, name)
    const statuses = Object.keys(operation.responses)
    t.ok(statuses.some((status) => status.startsWith('2')), `${name} can succeed`)
    if (!name.includes('/v1/')) {
      t.strictSame(operation.security, [], `${name} is open`)
      continue
    }
    for (const status of ['400', '401', '500', '503']) t.ok(statuses.includes(status), `${name} ${status}`)
    if (name.includes('{id}')) t.ok(statuses.includes('404'), `${name} 404`)
    if (operation.requestBody !== undefined) for (const status of ['413', '415', '422']) t.ok(statuses.includes(status), `${name} ${status}`)
  }
})

t.test('every error answer is a problem and names its codes', async (t) => {
  for (const { name, operation } of operations.filter(({ name }) => name.includes('/v1/'))) {
    for (const [status, response] of Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)) {
      t.strictSame(Object.keys(response.content ?? {}), ['application/problem+json'], `${name} ${status}`)
      t.equal(response.content?.['application/problem+json']?.schema.$ref, '#/components/schemas/Problem')
      const codes = [...response.description.matchAll(/`(\w+)`/g)].map(([, code]) => code!)
      t.ok(codes.length > 0)
      for (const code of codes) t.equal(errorTable[code as keyof typeof errorTable].http, Number(status), `${name} ${code}`)
    }
  }
})

t.test('every reference leads somewhere', async (t) => {
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!)
  t.ok(references.length > 10)
  for (const reference of new Set(references)) {
    const place = reference.split('/').slice(1).reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], description)
    t.equal(typeof place, 'object', reference)
  }
})

t.test('the only numbers in it are reserved for fiction', async (t) => {
  const numbers = text.match(/\+\d{7,}/g) ?? []
  t.ok(numbers.length > 0)
  for (const number of numbers) t.match(number, /^\+(4420794600[01]\d|467017406[0-9]{2})$/)
})
