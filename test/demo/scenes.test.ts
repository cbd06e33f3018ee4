import t from 'tap'
import { proof } from '../../src/demo/proof.js'
import { createReport } from '../../src/demo/report.js'
import { talkScene } from '../../src/demo/scenes.js'
import { setStage } from '../../src/demo/stage.js'

t.test('without Maskline between the phones the demo says what is wrong', async (t) => {
  const stage = await setStage({})
  t.teardown(() => stage.close())
  // Straight from phone to phone: what Maskline is there to prevent.
  stage.gateway.routeTo(`sip:127.0.0.1:${stage.customer.port}`)
  const lines: string[] = []
  const report = createReport((text) => lines.push(text), { colours: false, unicode: true })
  await talkScene(stage, { number: '+442079460000', expiresAt: '' }, report, { title: 'A call', caller: 'courier', hangsUp: 'customer' })
  proof(stage, report)
  const text = lines.join('')
  t.match(text, /✗ the customer's phone shows the line/)
  t.match(text, /✗ the courier hears ringing/)
  t.match(text, /✓ the courier hears the customer/)
  t.match(text, /✓ the customer hangs up and the courier's call ends/)
  t.match(text, /✗ the customer's phone sent its number \d+ times/)
  t.match(text, /✗ the courier's phone sent its number \d+ times/)
  t.match(text, /INVITE from \+46701740605/)
  t.equal(report.broken, 4)
})
