import { getEventListeners } from 'node:events'
import t from 'tap'
import { follow } from '../src/follow.js'

t.test('a controller aborts as the signal does that it follows', async (t) => {
  const [first, own] = [new AbortController(), new AbortController()]
  follow(own, first.signal)
  const reason = new Error('over')
  first.abort(reason)
  t.equal(own.signal.reason, reason)
})

t.test('what is over already counts at once', async (t) => {
  const own = new AbortController()
  const reason = new Error('over')
  follow(own, AbortSignal.abort(reason))
  t.equal(own.signal.reason, reason)
})

t.test('who follows no more is not told, and leaves nothing behind', async (t) => {
  const [first, own] = [new AbortController(), new AbortController()]
  const letGo = follow(own, first.signal)
  t.equal(getEventListeners(first.signal, 'abort').length, 1)
  letGo()
  t.equal(getEventListeners(first.signal, 'abort').length, 0)
  first.abort()
  t.notOk(own.signal.aborted)
})
