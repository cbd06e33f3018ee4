import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { MaskError } from '../../errors.js'
import { mayAct, type Role } from '../../shop/access.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { once } from '../once.js'
import { NumberParam } from '../params.js'
import { answers, IdempotencyHeader, NumberAnswer, NumbersAnswer, ProxyNumber } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'
import { numberView } from '../views.js'

const tags = ['numbers']
const closed = { additionalProperties: false } as const
const AddNumber = Type.Object({ number: ProxyNumber }, closed)
const NumberChange = Type.Object({
  state: Type.Union([Type.Literal('in_service'), Type.Literal('draining'), Type.Literal('retired')], {
    description: '`draining` takes no new deliveries and keeps those it has; `retired` needs a number with none left, in quarantine or live'
  })
}, closed)

const changers: readonly Role[] = ['admin', 'operator']

/** The proxy numbers that a shop's deliveries come from: how busy they are, and which are in service. */
export function numberRoutes(app: Api, deps: RouteDeps): void {
  const { lines } = deps
  const one = async (poolId: string, number: string): Promise<NumberAnswer> => {
    const found = (await lines.numbers(poolId)).find((load) => load.number === number)
    if (!found) throw new MaskError('number_not_found')
    return numberView(found)
  }

  const list = { operationId: 'listNumbers', summary: 'The numbers of the pool and their load', tags, response: answers({ 200: NumbersAnswer }, []) }
  app.get('/numbers', { schema: list, config: { roles: ['app', 'admin', 'operator'] } }, async (request) => ({ numbers: (await lines.numbers(shopOf(request).pool)).map(numberView) }))

  const add = {
    operationId: 'addNumber',
    summary: 'Bring a number into service',
    tags,
    headers: IdempotencyHeader,
    body: AddNumber,
    response: answers({ 201: NumberAnswer }, ['idempotency_mismatch', 'idempotency_in_progress'], { body: true })
  }
  app.post('/numbers', { schema: add, config: { roles: changers } }, async (request, reply) => {
    const pool = ownPool(deps, request)
    const { number } = request.body
    const answer = await once(deps, request, async () => {
      await lines.addNumbers(pool, [number])
      await audited(deps, request, 'numbers.change', { scope: `${number} in service` })
      return one(pool, number)
    })
    return reply.code(201).send(answer)
  })

  const change = {
    operationId: 'changeNumber',
    summary: 'Drain a number, retire it, or return it to service; live lines are not touched',
    tags,
    params: NumberParam,
    body: NumberChange,
    response: answers({ 200: NumberAnswer }, ['number_not_found', 'number_in_use'], { body: true })
  }
  app.patch('/numbers/:number', { schema: change, config: { roles: changers } }, async (request) => {
    const pool = ownPool(deps, request)
    const { number } = request.params
    await one(pool, number)
    const act = { in_service: () => lines.addNumbers(pool, [number]), draining: () => lines.drainNumber(pool, number), retired: () => lines.retireNumber(pool, number) }
    await act[request.body.state]()
    await audited(deps, request, 'numbers.change', { scope: `${number} ${request.body.state}` })
    return one(pool, number)
  })
}

/** The pool of the shop that asks. One that several shops draw from is the operator's alone to change. @throws MaskError forbidden */
function ownPool({ shops }: RouteDeps, request: FastifyRequest): string {
  const { pool } = shopOf(request)
  const shared = shops.all().filter((shop) => shop.pool === pool).length > 1
  if (shared && !mayAct(request.actor, 'operator')) throw new MaskError('forbidden')
  return pool
}
