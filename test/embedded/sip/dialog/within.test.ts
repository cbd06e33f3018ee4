import t from 'tap'
import { createResponse, type Dialog, type SipRequest } from '../../../../src/embedded/sip/index.js'
import { remote, Rig, type Side } from '../support/agents.js'
import { rawRequest, type RequestParts } from '../support/messages.js'

/** A request as the far end of a dialog would send it, with any number. */
function from(dialog: Dialog, parts: RequestParts): SipRequest {
  const request = rawRequest({ callId: dialog.callId, fromTag: dialog.remoteTag, toTag: dialog.localTag, ...parts })
  if (parts.method === 'INVITE' || parts.method === 'UPDATE') request.headers.add('Contact', '<sip:127.0.0.1:9>')
  return request
}

const deliver = (side: Side, request: SipRequest): void => side.layer.onMessage(request, remote(9))

t.test('re-INVITE from either side, ACK each, and the new target', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  for (const [side, dialog, other] of [[rig.caller, a, rig.callee], [rig.callee, b, rig.caller]] as const) {
    other.answer = (incoming) => incoming.respond(200, { body: 'v=0 new' })
    const { seen, responses } = rig.askIn(side, dialog, 'INVITE', { body: 'v=0 again' })
    await rig.wire.pass(0)
    t.same(seen, ['200'])
    t.equal(responses[0]!.body.toString(), 'v=0 new')
    side.agent.acknowledge(dialog)
    await rig.wire.pass(0)
    t.equal(other.acks.length, other === rig.callee ? 2 : 1)
  }
  const [first, second] = rig.wire.hops.filter((hop) => hop.name === 'INVITE' && hop.from === 1)
  t.equal(second!.message.cseq.number, first!.message.cseq.number + 1)
  deliver(rig.callee, from(b, { method: 'INVITE', cseq: 60_000_000 }))
  t.equal(b.remoteTarget, 'sip:127.0.0.1:9', 'a target refresh')
})

t.test('a refused re-INVITE leaves the call as it was', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  rig.callee.answer = (incoming) => incoming.respond(488)
  const { seen } = rig.askIn(rig.caller, a, 'INVITE')
  await rig.wire.pass(0)
  t.same(seen, ['488'])
  t.same([a.state, b.state], ['confirmed', 'confirmed'])
  t.throws(() => rig.caller.agent.acknowledge(a), { code: 'no_ack_due' }, 'its ACK is the transaction’s')
  rig.callee.answer = (incoming) => incoming.respond(200)
  const next = rig.askIn(rig.caller, a, 'INVITE')
  await rig.wire.pass(0)
  t.same(next.seen, ['200'], 'and the next one may try')
})

t.test('re-INVITEs that cross get 491; a second one in a row 500 with Retry-After (§14.2)', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  const [one, two] = [rig.askIn(rig.caller, a, 'INVITE'), rig.askIn(rig.callee, b, 'INVITE')]
  await rig.wire.pass(0)
  t.same([one.seen, two.seen], [['491'], ['491']])
  rig.askIn(rig.caller, a, 'INVITE')
  t.throws(() => rig.askIn(rig.caller, a, 'INVITE'), { code: 'invite_pending' })
  await rig.wire.pass(0)
  t.throws(() => rig.askIn(rig.callee, b, 'INVITE'), { code: 'invite_pending' }, 'also while the peer’s waits for us')
  deliver(rig.callee, from(b, { method: 'INVITE', cseq: 50_000_000 }))
  await rig.wire.pass(0)
  t.same(rig.wire.sent(2, 9), ['500 INVITE'])
  t.match(rig.wire.last('500 INVITE').headers.get('retry-after'), /^(?:\d|10)$/)
})

t.test('a re-INVITE that is never acknowledged ends the call', async (t) => {
  const rig = new Rig(t)
  const { a } = await rig.connect()
  rig.callee.answer = (incoming) => { if (incoming.pending) incoming.respond(200) }
  rig.wire.lose = (name) => name === 'ACK'
  rig.askIn(rig.caller, a, 'INVITE')
  await rig.wire.pass(0)
  rig.caller.agent.acknowledge(a)
  await rig.wire.pass(32_100)
  t.same(rig.callee.ended, ['ACK timeout'])
})

t.test('hanging up during a re-INVITE cancels it', async (t) => {
  const rig = new Rig(t)
  const { a } = await rig.connect()
  const again = rig.askIn(rig.caller, a, 'INVITE')
  await rig.wire.pass(0)
  rig.callee.answer = (incoming) => { if (incoming.request.method === 'BYE') incoming.respond(200) }
  const bye = rig.askIn(rig.caller, a, 'BYE')
  await rig.wire.pass(0)
  t.same([again.seen, bye.seen], [['487'], ['200']])
  t.equal(rig.callee.cancelled.length, 1)
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
})

t.test('a BYE during a re-INVITE of the peer answers that with 487', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  const again = rig.askIn(rig.caller, a, 'INVITE')
  await rig.wire.pass(0)
  deliver(rig.callee, from(b, { method: 'BYE', cseq: 50_000_000 }))
  await rig.wire.pass(0)
  t.same(again.seen, ['487'])
})

t.test('INFO, OPTIONS and MESSAGE go through in both directions', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  for (const method of ['INFO', 'OPTIONS', 'MESSAGE']) {
    for (const [side, dialog, other] of [[rig.caller, a, rig.callee], [rig.callee, b, rig.caller]] as const) {
      other.answer = (incoming) => incoming.respond(200)
      const { seen } = rig.askIn(side, dialog, method, { headers: [['Content-Type', 'text/plain'], ['From', '<sip:liar@h>'], ['Route', '<sip:h>']], body: 'x' })
      await rig.wire.pass(0)
      t.same(seen, ['200'], method)
      t.notOk(rig.wire.last(method).headers.has('route'), 'the dialog’s own headers are not for the user')
      t.equal(rig.wire.last(method).headers.get('from'), dialog.local)
      t.equal(other.incoming.at(-1)!.dialog, dialog === a ? b : a)
    }
  }
})

t.test('an older number is refused with 500 and Retry-After (§12.2.2)', async (t) => {
  const rig = new Rig(t)
  const { b } = await rig.connect()
  rig.callee.answer = (incoming) => incoming.respond(200)
  for (const cseq of [70_000, 69_999, 70_000, 70_001]) deliver(rig.callee, from(b, { method: 'INFO', cseq }))
  await rig.wire.pass(0)
  t.same(rig.wire.sent(2, 9), ['200 INFO', '500 INFO', '500 INFO', '200 INFO'])
  t.ok(rig.wire.last('500 INFO').headers.has('retry-after'))
})

t.test('tags decide: the right Call-ID with a wrong tag is 481', async (t) => {
  const rig = new Rig(t)
  const { b } = await rig.connect()
  deliver(rig.callee, from(b, { method: 'BYE', cseq: 70_000, fromTag: 'wrong' }))
  deliver(rig.callee, from(b, { method: 'BYE', cseq: 70_000, toTag: 'wrong' }))
  await rig.wire.pass(0)
  t.same(rig.wire.sent(2, 9), ['481 BYE', '481 BYE'])
  t.equal(b.state, 'confirmed')
})

t.test('UPDATE before and after the answer; two offers at once are 491 or 500 (RFC 3311 §5.2)', async (t) => {
  const rig = new Rig(t)
  const call = rig.ask({ method: 'INVITE', body: 'v=0' })
  await rig.wire.pass(0)
  const invite = rig.callee.incoming[0]!
  invite.respond(183, { body: 'v=0' })
  await rig.wire.pass(0)
  const early = [...rig.caller.dialogs][0]!
  rig.callee.answer = (incoming) => { if (incoming.request.method === 'UPDATE') incoming.respond(200, { body: 'v=0' }) }
  const update = rig.askIn(rig.caller, early, 'UPDATE', { body: 'v=0' })
  await rig.wire.pass(0)
  t.same(update.seen, ['200'])
  t.equal(rig.wire.last('200 UPDATE').headers.get('contact'), '<sip:127.0.0.1:2>')
  rig.callee.answer = () => undefined
  invite.respond(200)
  await rig.wire.pass(0)
  t.same(call.seen, ['183', '200'])
  rig.caller.agent.acknowledge(early)
  await rig.wire.pass(0)
  const b = invite.dialog!
  const [one, two] = [rig.askIn(rig.caller, early, 'UPDATE', { body: 'v=0' }), rig.askIn(rig.callee, b, 'UPDATE', { body: 'v=0' })]
  await rig.wire.pass(0)
  t.same([one.seen, two.seen], [['491'], ['491']])
  rig.askIn(rig.caller, early, 'UPDATE', { body: 'v=0' })
  rig.askIn(rig.caller, early, 'UPDATE', { body: 'v=0' })
  await rig.wire.pass(0)
  t.ok(rig.wire.last('500 UPDATE').headers.has('retry-after'))
  rig.callee.incoming.at(-1)!.respond(200)
  const refresh = rig.askIn(rig.caller, early, 'UPDATE')
  await rig.wire.pass(0)
  rig.callee.incoming.at(-1)!.respond(200)
  await rig.wire.pass(0)
  t.same(refresh.seen, ['200'], 'one without an offer is no glare')
})

t.test('a reliable provisional response is repeated until its PRACK (RFC 3262)', async (t) => {
  const rig = new Rig(t)
  const call = rig.ask({ method: 'INVITE', headers: [['Supported', '100rel']] })
  await rig.wire.pass(0)
  const invite = rig.callee.incoming[0]!
  const sent = invite.respond(183, { headers: [['Require', '100rel']], body: 'v=0' })
  t.match(sent.headers.get('rseq'), /^\d+$/)
  await rig.wire.pass(1_600)
  t.same(rig.wire.times('183 INVITE', 2), [0, 500, 1500])
  t.same(call.seen, ['183'], 'copies stay below')
  const rack = `${sent.headers.get('rseq')} ${rig.wire.last('INVITE').cseq.number} INVITE`
  t.equal(call.invite.dialogFor(rack), [...rig.caller.dialogs][0])
  rig.callee.answer = (incoming) => { if (incoming.request.method === 'PRACK') incoming.respond(200) }
  const wrong = rig.askIn(rig.caller, call.invite.dialogFor(rack)!, 'PRACK', { headers: [['RAck', '1 1 INVITE']] })
  const right = rig.askIn(rig.caller, call.invite.dialogFor(rack)!, 'PRACK', { headers: [['RAck', rack]] })
  await rig.wire.pass(10_000)
  t.same([wrong.seen, right.seen], [['481'], ['200']])
  t.same(rig.wire.times('183 INVITE', 2).length, 3)
  invite.respond(200)
  await rig.wire.pass(0)
  t.same(call.seen, ['183', '200'])
})

t.test('reliable ones go one by one, and the answer waits for the last PRACK', async (t) => {
  const rig = new Rig(t)
  const call = rig.ask({ method: 'INVITE', headers: [['Require', '100rel']] })
  await rig.wire.pass(0)
  const invite = rig.callee.incoming[0]!
  const reliable = (status: number): string => `${invite.respond(status, { headers: [['Require', '100rel']] }).headers.get('rseq')} ${rig.wire.last('INVITE').cseq.number} INVITE`
  const racks = [reliable(183), reliable(180)]
  invite.respond(200)
  t.notOk(invite.pending)
  await rig.wire.pass(0)
  t.same(call.seen, ['183'])
  rig.callee.answer = (incoming) => incoming.respond(200)
  const dialog = [...rig.caller.dialogs][0]!
  rig.askIn(rig.caller, dialog, 'PRACK', { headers: [['RAck', racks[0]!]] })
  await rig.wire.pass(0)
  t.same(call.seen, ['183', '180'])
  rig.askIn(rig.caller, dialog, 'PRACK', { headers: [['RAck', racks[1]!]] })
  await rig.wire.pass(0)
  t.same(call.seen, ['183', '180', '200'])
  rig.caller.agent.acknowledge(dialog)
  await rig.wire.pass(0)
  t.equal(rig.callee.acks.length, 1)
})

t.test('without a PRACK the call is refused after 64·T1, and an answer given meanwhile is taken back', async (t) => {
  for (const answered of [false, true]) {
    const rig = new Rig(t)
    const call = rig.ask({ method: 'INVITE', headers: [['Supported', '100rel']] })
    await rig.wire.pass(0)
    rig.callee.incoming[0]!.respond(183, { headers: [['Require', '100rel']] })
    if (answered) rig.callee.incoming[0]!.respond(200)
    await rig.wire.pass(32_010)
    t.same(call.seen, ['183', '504'])
    t.same(rig.callee.ended, answered ? ['PRACK timeout'] : [])
    await rig.wire.pass(40_000)
    t.same(rig.left, [0, 0, 0])
    rig.wire.close()
  }
})

t.test('CANCEL while the answer waits for a PRACK takes it back', async (t) => {
  const rig = new Rig(t)
  const call = rig.ask({ method: 'INVITE', headers: [['Supported', '100rel']] })
  await rig.wire.pass(0)
  rig.callee.incoming[0]!.respond(183, { headers: [['Require', '100rel']] })
  rig.callee.incoming[0]!.respond(200)
  await rig.wire.pass(0)
  t.ok(call.invite.cancel())
  await rig.wire.pass(0)
  t.same(call.seen, ['183', '487'])
  t.same(rig.callee.ended, ['CANCEL after 200 OK'])
  t.equal(rig.callee.cancelled.length, 0)
})

t.test('nobody is sent a reliable response who does not know them', async (t) => {
  const rig = new Rig(t)
  rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  t.throws(() => rig.callee.incoming[0]!.respond(183, { headers: [['Require', '100rel']] }), { code: 'no_100rel' })
  t.ok(rig.callee.incoming[0]!.respond(180), 'and the call goes on')
})

t.test('reliable responses out of order are left for their repetition', async (t) => {
  const rig = new Rig(t)
  const call = rig.ask({ method: 'INVITE', headers: [['Supported', '100rel']] })
  await rig.wire.pass(0)
  const provisional = (rseq: number): void => rig.caller.layer.onMessage(createResponse(rig.wire.last('INVITE') as SipRequest, 183, {
    toTag: 'x', headers: [['Require', '100rel'], ['RSeq', String(rseq)], ['Contact', '<sip:127.0.0.1:2>']]
  }), remote(2))
  for (const rseq of [7, 7, 9, 8, 9]) provisional(rseq)
  t.same(call.responses.map((response) => response.headers.get('rseq')), ['7', '8', '9'])
})

t.test('requests follow the route set, loosely or strictly (§12.2.1.1)', async (t) => {
  const rig = new Rig(t)
  const dialogs: Dialog[] = []
  for (const routes of [['<sip:127.0.0.1:31;lr>', '<sip:127.0.0.1:32;lr>'], ['<sip:127.0.0.1:31>', '<sip:127.0.0.1:32;lr>']]) {
    const invite = rawRequest({ method: 'INVITE', headers: [['Contact', '"x" <sip:far@127.0.0.1:9>'], ...routes.map((route) => ['Record-Route', route] as const)] })
    deliver(rig.callee, invite)
    const response = rig.callee.incoming.at(-1)!.respond(200)
    t.same(response.headers.all('record-route'), routes, 'handed back in order')
    const dialog = rig.callee.incoming.at(-1)!.dialog!
    dialogs.push(dialog)
    rig.askIn(rig.callee, dialog, 'INFO')
  }
  await rig.wire.pass(0)
  const [loose, strict] = rig.wire.hops.filter((hop) => hop.name === 'INFO').map((hop) => hop.message as SipRequest)
  t.equal(rig.wire.sent(2, 31).length, 2)
  t.equal(loose!.uri, 'sip:far@127.0.0.1:9')
  t.same(loose!.headers.all('route'), ['<sip:127.0.0.1:31;lr>', '<sip:127.0.0.1:32;lr>'])
  t.equal(strict!.uri, 'sip:127.0.0.1:31')
  t.same(strict!.headers.all('route'), ['<sip:127.0.0.1:32;lr>', '<sip:far@127.0.0.1:9>'])
})

t.test('a caller’s route set is the answer’s, turned round', async (t) => {
  const rig = new Rig(t)
  const { invite } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  const answer = (status: number): void => rig.caller.layer.onMessage(createResponse(rig.wire.last('INVITE') as SipRequest, status, {
    toTag: 'x', headers: [['Contact', '<sip:far@127.0.0.1:9>'], ['Record-Route', '<sip:127.0.0.1:31;lr>'], ['Record-Route', '<sip:127.0.0.1:32;lr>']]
  }), remote(2))
  answer(183)
  rig.askIn(rig.caller, [...rig.caller.dialogs][0]!, 'UPDATE')
  await rig.wire.pass(0)
  t.same(rig.wire.sent(1, 32), ['UPDATE'], 'in an early dialog too')
  answer(200)
  t.equal(rig.caller.agent.acknowledge(invite.dialog!).headers.get('route'), '<sip:127.0.0.1:32;lr>')
  await rig.wire.pass(0)
  t.same(rig.wire.sent(1, 32), ['UPDATE', 'ACK'])
})

t.test('a Contact that leads nowhere: back to where the call came from', async (t) => {
  const rig = new Rig(t)
  deliver(rig.callee, rawRequest({ method: 'INVITE', headers: [['Contact', '<sips:far@example.com>']] }))
  rig.callee.incoming[0]!.respond(200)
  rig.askIn(rig.callee, rig.callee.incoming[0]!.dialog!, 'INFO')
  await rig.wire.pass(0)
  t.equal(rig.wire.sent(2, 9).at(-1), 'INFO')
})

t.test('a session timer that the caller keeps: refreshed it lives, forgotten it ends (RFC 4028)', async (t) => {
  const rig = new Rig(t)
  const timer: [string, string][] = [['Supported', 'timer'], ['Session-Expires', '90']]
  const { a } = await rig.connect({ headers: timer })
  t.equal(rig.wire.last('200 INVITE').headers.get('session-expires'), '90;refresher=uac')
  t.equal(rig.wire.last('200 INVITE').headers.get('require'), 'timer')
  rig.callee.answer = (incoming) => incoming.respond(200)
  rig.caller.answer = (incoming) => incoming.respond(200)
  await rig.wire.pass(50_000, 100)
  rig.askIn(rig.caller, a, 'UPDATE', { headers: timer })
  await rig.wire.pass(50_000, 100)
  t.same(rig.callee.ended, [])
  rig.askIn(rig.caller, a, 'INVITE', { headers: timer })
  await rig.wire.pass(0)
  rig.caller.agent.acknowledge(a)
  await rig.wire.pass(50_000, 100)
  t.same(rig.callee.ended, [])
  await rig.wire.pass(11_000, 100)
  t.same(rig.callee.ended, ['Session timer expired'])
  await rig.wire.pass(40_000, 100)
  t.same(rig.left, [0, 0, 0])
})

t.test('no session timer where we would have to refresh, or the application says otherwise', async (t) => {
  const rig = new Rig(t)
  await rig.connect({ headers: [['Supported', 'timer'], ['Session-Expires', '90;refresher=uas']] })
  t.notOk(rig.wire.last('200 INVITE').headers.has('session-expires'))
  rig.ask({ method: 'INVITE', headers: [['Session-Expires', '90']] })
  await rig.wire.pass(0)
  t.notOk(rig.callee.incoming.at(-1)!.respond(200).headers.has('session-expires'), 'the peer does not know timers')
  rig.ask({ method: 'INVITE', headers: [['Supported', 'timer'], ['Session-Expires', '90']] })
  await rig.wire.pass(0)
  t.same(rig.callee.incoming.at(-1)!.respond(200, { headers: [['Session-Expires', '1800;refresher=uas']] }).headers.all('session-expires'), ['1800;refresher=uas'])
})
