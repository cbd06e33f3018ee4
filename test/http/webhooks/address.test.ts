import t from 'tap'
import { addressRules } from '../../../src/http/webhooks/address.js'

t.test('addresses of our own surroundings are never called', async (t) => {
  const { allows } = addressRules([])
  const forbidden = [
    '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255',
    '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fd00::1', 'fc00::', 'ff02::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '2002:7f00:1::', '::127.0.0.1', '2001:db8::1', 'no address', ''
  ]
  for (const address of forbidden) t.notOk(allows(address), address)
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450:4001::1', '::ffff:8.8.8.8']) t.ok(allows(address), address)
})

t.test('but for networks that the operator has named', async (t) => {
  const { allows, isOurs } = addressRules(['10.0.0.0/8', 'fd00::/8'])
  for (const address of ['10.1.2.3', 'fd00::1', '::ffff:10.1.2.3']) t.ok(allows(address) && isOurs(address), address)
  for (const address of ['192.168.1.1', '127.0.0.1', 'fe80::1']) t.notOk(allows(address), address)
  t.notOk(isOurs('8.8.8.8'))
})
