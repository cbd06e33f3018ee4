import { shopOf } from '../auth.js'
import { answers, NumbersAnswer } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

/** The proxy numbers that a shop's deliveries come from, and how busy they are. */
export function numberRoutes(app: Api, { lines }: RouteDeps): void {
  const schema = {
    operationId: 'listNumbers',
    summary: 'The numbers of the pool and their load',
    tags: ['numbers'],
    response: answers({ 200: NumbersAnswer }, [])
  }
  app.get('/numbers', { schema }, async (request) => {
    const loads = await lines.numbers(shopOf(request).pool)
    return { numbers: loads.map(({ number, country, live }) => ({ number, country, live })) }
  })
}
