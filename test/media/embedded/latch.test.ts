import t from 'tap'
import { SourceLatch } from '../../../src/media/embedded/latch.js'

const described = { address: '192.0.2.1', port: 4000 }
const learned = { address: '198.51.100.1', port: 5000 }
const other = { address: '203.0.113.1', port: 6000 }

t.test('before a description nobody is accepted', (t) => {
  const latch = new SourceLatch()
  t.notOk(latch.accept(described))
  t.equal(latch.target, undefined)
  t.end()
})

t.test('the first source is taken and locked', (t) => {
  const latch = new SourceLatch()
  latch.expect(described)
  t.same(latch.target, described)
  t.ok(latch.accept(learned))
  t.same(latch.target, learned)
  t.equal(latch.lockedHost, learned.address)
  t.notOk(latch.accept(other))
  t.notOk(latch.accept({ ...learned, port: 5001 }), 'a port is part of a source')
  t.ok(latch.accept(learned))
  t.end()
})

t.test('the described source takes over, and keeps', (t) => {
  const latch = new SourceLatch()
  latch.expect(described)
  latch.accept(learned)
  t.ok(latch.accept(described))
  t.notOk(latch.accept(learned))
  t.same(latch.target, described)
  t.ok(latch.knows(described))
  t.notOk(latch.knows(learned))
  t.end()
})

t.test('the described host takes over from another one, whatever its port, and once', (t) => {
  const latch = new SourceLatch()
  const outside = { ...described, port: 4001 }
  latch.expect(described)
  t.ok(latch.accept(other), 'a stranger who was there first')
  t.ok(latch.accept(outside), 'a phone whose port a NAT has changed')
  t.same(latch.target, outside)
  t.notOk(latch.accept(other), 'and keeps it')
  t.notOk(latch.accept({ ...described, port: 4003 }), 'from others of its host, too')
  t.ok(latch.accept(described), 'what was described is nearer still')
  t.notOk(latch.accept(outside))
  t.same(latch.target, described)
  t.end()
})

t.test('without a description no host is preferred', (t) => {
  const latch = new SourceLatch()
  latch.expect(undefined)
  t.ok(latch.accept(other))
  t.notOk(latch.accept(learned))
  t.same(latch.target, other)
  t.end()
})

t.test('a new description opens it again; the old target serves until somebody comes', (t) => {
  const latch = new SourceLatch()
  latch.expect(described)
  latch.accept(learned)
  latch.expect(described)
  t.same(latch.target, learned, 'same description, same place')
  t.ok(latch.accept(other))
  t.notOk(latch.accept(learned))
  latch.expect({ ...described, port: 4002 })
  t.same(latch.target, { ...described, port: 4002 }, 'another description, another place')
  latch.expect(undefined)
  t.same(latch.target, { ...described, port: 4002 }, 'a hold without an address changes no place')
  t.end()
})

t.test('a phone that is where it says keeps its place when it offers again', (t) => {
  const latch = new SourceLatch()
  latch.expect(described)
  latch.accept(described)
  latch.expect(described)
  t.notOk(latch.accept(other), 'not one packet of a stranger')
  t.notOk(latch.accept({ ...described, port: 4001 }), 'nor of another at its host')
  t.same(latch.target, described)
  latch.expect({ ...described, port: 4100 })
  t.ok(latch.accept(learned), 'it moved, and a NAT may be there')
  t.end()
})
