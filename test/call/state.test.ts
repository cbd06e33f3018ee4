import t from 'tap'
import { transition, type CallState } from '../../src/call/state.js'

const states: CallState[] = ['deciding', 'announcing', 'dialling', 'ringing', 'answering', 'talking', 'ended']

t.test('a call walks through its life', (t) => {
  let state: CallState = 'deciding'
  for (const next of ['dialling', 'ringing', 'answering', 'talking', 'ended'] as const) state = transition(state, next)
  t.equal(state, 'ended')
  t.end()
})

t.test('every state but the last can end, and the end is the end', (t) => {
  for (const state of states.filter((state) => state !== 'ended')) t.equal(transition(state, 'ended'), 'ended')
  for (const state of states) t.throws(() => transition('ended', state))
  t.end()
})

t.test('no way back and no short cut into a talk', (t) => {
  t.throws(() => transition('talking', 'ringing'))
  t.throws(() => transition('deciding', 'talking'))
  t.throws(() => transition('announcing', 'talking'))
  t.end()
})
