import t from 'tap'
import { guardConsole } from '../../src/telemetry/console-guard.js'
import { captured } from '../support/log.js'

t.test('what a library prints is counted and not shown', async (t) => {
  const { log, text } = captured()
  const original = Object.entries(globalThis.console)
  const release = guardConsole(log)
  globalThis.console.error('INVITE sip:+46701740605@192.0.2.1')
  globalThis.console.log({ phone: '+46701740605' })
  release()
  t.strictSame(Object.entries(globalThis.console), original, 'the console is put back')
  t.equal(text().trim().split('\n').length, 2)
  t.match(text(), /"operation":"error".*library\.console/)
  t.notMatch(text(), /1740605|INVITE/)
})
