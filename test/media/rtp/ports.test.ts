import t from 'tap'
import fc from 'fast-check'
import { createPortAllocator } from '../../../src/media/rtp/ports.js'

t.test('every pair of the range is given once, even ports only', (t) => {
  const ports = createPortAllocator(20001, 20010)
  const taken = Array.from({ length: ports.capacity }, () => ports.take()!)
  t.same(taken.sort((a, b) => a - b), [20002, 20004, 20006, 20008])
  t.equal(ports.take(), undefined)
  t.equal(ports.inUse, 4)
  t.end()
})

t.test('a port that came back is the last to be used again', (t) => {
  const ports = createPortAllocator(20000, 20039)
  const first = ports.take()!
  ports.give(first)
  ports.give(first)
  const next = Array.from({ length: 20 }, () => ports.take())
  t.equal(next.indexOf(first), 19)
  t.equal(new Set(next).size, 20)
  t.end()
})

t.test('the order differs from one start to the next', (t) => {
  const orders = new Set(Array.from({ length: 5 }, () => {
    const ports = createPortAllocator(20000, 20199)
    return Array.from({ length: 10 }, () => ports.take()).join()
  }))
  t.ok(orders.size > 1)
  t.end()
})

t.test('whatever is taken and given, no port is with two and none is lost', (t) => {
  fc.assert(fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (steps) => {
    const ports = createPortAllocator(20000, 20015)
    const held: number[] = []
    for (const step of steps) {
      const port = step < 10 ? ports.take() : undefined
      if (port !== undefined) held.push(port)
      else if (step >= 10 && held.length > 0) ports.give(held.splice(step % held.length, 1)[0]!)
      if (new Set(held).size !== held.length || ports.inUse !== held.length) return false
    }
    for (const port of held) ports.give(port)
    return new Set(Array.from({ length: 8 }, () => ports.take())).size === 8
  }))
  t.end()
})
