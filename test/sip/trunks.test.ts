import t from 'tap'
import { createTrunks } from '../../src/sip/trunks.js'
import type { TrunkConfig } from '../../src/config.js'

const trunk = (id: string, sources: string[]): TrunkConfig => ({ id, sources, identity: ['pai'], country: 'EE', gateways: ['sip:127.0.0.1:5070'] })
const trunks = createTrunks([trunk('one', ['127.0.0.0/8', '2001:db8::/32']), trunk('two', ['198.51.100.7'])])
const idOf = (address: string): string | undefined => trunks.recognise({ address, port: 5060 })?.id

t.test('a trunk is known by its socket address', (t) => {
  t.equal(idOf('127.0.0.1'), 'one')
  t.equal(idOf('127.9.9.9'), 'one')
  t.equal(idOf('::ffff:127.0.0.1'), 'one', 'IPv4 seen through an IPv6 socket')
  t.equal(idOf('[2001:db8::5]'), 'one')
  t.equal(idOf('198.51.100.7'), 'two')
  t.end()
})

t.test('everyone else is a stranger', (t) => {
  for (const address of ['198.51.100.8', '128.0.0.1', '2001:db9::1', '', 'localhost', 'not an address']) t.equal(idOf(address), undefined, address)
  t.end()
})
