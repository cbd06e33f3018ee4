import t from 'tap'
import type { Api } from '../../bench/life/api.js'
import { Deliveries, type Shop } from '../../bench/life/deliveries.js'
import type { Person } from '../../bench/life/people.js'
import { Random } from '../../bench/life/random.js'

const number = '+442079460000'
const shop: Shop = { id: 'life', key: undefined }

t.test('a line that is over for long lets nobody ring, whoever waits for it', async (t) => {
  const [courier, customer, stranger] = [0, 1, 2].map((index) => ({ index }) as Person) as [Person, Person, Person]
  const api = { ask: async () => ({ status: 201, body: { id: 'life-1', number, accessCode: '1234', expiresAt: new Date(Date.now() + 60_000).toISOString() } }) } as unknown as Api
  const deliveries = new Deliveries(api, [courier, customer])
  const delivery = (await deliveries.order(new Random(1), shop, []))!
  t.ok(deliveries.joins(number, courier, customer))
  t.ok(deliveries.joins(number, customer, courier))
  t.notOk(deliveries.joins(number, stranger, customer))
  t.notOk(deliveries.joins('+442079460001', courier, customer))
  delivery.more.add(stranger)
  t.ok(deliveries.joins(number, stranger, customer), 'by a code')
  delivery.endsAt = Date.now() - 5000
  t.ok(deliveries.joins(number, courier, customer), 'a call that was let in may still be on its way')
  delivery.endsAt = Date.now() - 20_000
  t.notOk(deliveries.joins(number, courier, customer), 'the number may be other people\'s by now')
})
