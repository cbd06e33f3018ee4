import t from 'tap'
import { remembered, type Remembered } from '../../src/shop/remembered.js'

interface Bench {
  readonly known: Remembered<string>
  /** Answers the oldest question that is open. */
  readonly answer: (value: string | undefined) => Promise<void>
  readonly asked: () => number
  readonly pass: (ms: number) => void
}

function bench(limit = 100): Bench {
  const open: ((value: string | undefined) => void)[] = []
  let asked = 0
  let now = 0
  const known = remembered<string>({
    load: () => {
      asked++
      return new Promise((resolve) => { open.push(resolve) })
    },
    freshMs: 3000, absentMs: 1000, limit, clock: () => now
  })
  return { known, asked: () => asked, pass: (ms) => { now += ms }, answer: async (value) => { open.shift()!(value) } }
}

t.test('those who ask together ask once, and the answer holds for a while', async (t) => {
  const { known, answer, asked, pass } = bench()
  const together = Promise.all([known.get('a'), known.get('a'), known.get('a')])
  await answer('x')
  t.strictSame(await together, ['x', 'x', 'x'])
  pass(2999)
  t.equal(await known.get('a'), 'x')
  t.equal(asked(), 1)
  pass(1)
  const later = known.get('a')
  await answer('y')
  t.equal(await later, 'y')
  t.equal(asked(), 2)
})

t.test('an answer is as old as its question', async (t) => {
  const { known, answer, pass, asked } = bench()
  const slow = known.get('a')
  pass(3000)
  await answer('x')
  await slow
  void known.get('a')
  t.equal(asked(), 2)
})

t.test('an answer that was under way when it was forgotten is not remembered', async (t) => {
  const { known, answer, asked } = bench()
  const before = known.get('a')
  known.forget('a')
  const after = known.get('a')
  t.equal(asked(), 2, 'the second does not wait for the first')
  await answer('old')
  t.equal(await before, 'old')
  t.notOk(known.knows('a'))
  await answer('new')
  t.equal(await after, 'new')
  t.equal(await known.get('a'), 'new')
})

t.test('what was not found is asked again sooner, and pushes nothing out', async (t) => {
  const { known, answer, asked, pass } = bench(2)
  const find = async (id: string, value: string | undefined): Promise<void> => {
    const wanted = known.get(id)
    await answer(value)
    await wanted
  }
  await find('a', 'x')
  for (const id of ['b', 'c', 'd', 'e']) await find(id, undefined)
  t.equal(await known.get('a'), 'x')
  t.equal(await known.get('e'), undefined)
  t.equal(asked(), 5)
  pass(1000)
  await find('e', 'late')
  t.equal(await known.get('e'), 'late')
  await find('f', 'y')
  t.notOk(known.knows('a'), 'the oldest gives way')
  t.ok(known.knows('f'))
  pass(3_600_000)
  t.ok(known.knows('f'), 'met is met')
})

t.test('a question that fails is nobody\'s answer', async (t) => {
  let fail = true
  const known = remembered<string>({ load: async () => { if (fail) throw new Error('away'); return 'x' }, freshMs: 1, absentMs: 1, limit: 1, clock: () => 0 })
  await t.rejects(known.get('a'), { message: 'away' })
  fail = false
  t.equal(await known.get('a'), 'x')
})
