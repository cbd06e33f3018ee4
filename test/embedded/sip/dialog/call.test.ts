import t from 'tap'
import { createResponse, Headers, newTag, type IncomingInvite, type SipRequest } from '../../../../src/embedded/sip/index.js'
import { remote, Rig } from '../support/agents.js'
import { rawRequest } from '../support/messages.js'

t.test('a call from INVITE to BYE: tags, Contact, numbers, and nothing left', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  t.same([a.role, b.role, a.state, b.state], ['uac', 'uas', 'confirmed', 'confirmed'])
  t.same([a.localTag, a.remoteTag, a.callId], [b.remoteTag, b.localTag, b.callId])
  const ok = rig.wire.last('200 INVITE')
  t.equal(ok.headers.get('contact'), '<sip:127.0.0.1:2>')
  const [invite, ack] = [rig.wire.last('INVITE') as SipRequest, rig.wire.last('ACK') as SipRequest]
  t.equal(ack.uri, 'sip:127.0.0.1:2', 'to the Contact of the answer')
  t.same(ack.cseq, { number: invite.cseq.number, method: 'ACK' })
  t.not(ack.via.params.get('branch'), invite.via.params.get('branch'))
  const bye = rig.askIn(rig.callee, b, 'BYE')
  await rig.wire.pass(0)
  t.equal(a.state, 'terminated', 'a BYE ends the dialog when it arrives')
  rig.caller.incoming.at(-1)!.respond(200)
  await rig.wire.pass(0)
  t.same(bye.seen, ['200'])
  t.equal(b.state, 'terminated')
  t.same([rig.caller.ended, rig.callee.ended], [[], []])
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
  t.same([...rig.caller.errors, ...rig.callee.errors], [])
})

t.test('100 at once, and every response but 100 has one To tag', async (t) => {
  const rig = new Rig(t)
  const { seen } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  const invite = rig.callee.incoming[0] as IncomingInvite
  for (const status of [180, 183, 486]) invite.respond(status)
  await rig.wire.pass(0)
  t.same(seen, ['180', '183', '486'], '100 is between neighbours')
  t.equal(rig.wire.last('100 INVITE').toTag, undefined)
  t.equal(new Set(['180', '183', '486'].map((status) => rig.wire.last(`${status} INVITE`).toTag)).size, 1)
  t.throws(() => invite.respond(200), { name: 'AgentError', code: 'answered' })
  t.equal(rig.callee.dialogs.size + rig.caller.dialogs.size, 0, 'early dialogs are gone')
})

t.test('an application may choose its To tag, once', async (t) => {
  const rig = new Rig(t)
  rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  const invite = rig.callee.incoming[0] as IncomingInvite
  t.equal(invite.respond(180, { toTag: 'mine' }).toTag, 'mine')
  t.equal(invite.respond(200, { toTag: 'other' }).toTag, 'mine')
})

t.test('the 2xx is repeated until the ACK; each copy of it draws the same ACK', async (t) => {
  const rig = new Rig(t)
  rig.wire.lose = (name, { count }) => name === 'ACK' && count <= 2
  await rig.connect()
  await rig.wire.pass(10_000)
  t.same(rig.wire.times('200 INVITE', 2), [0, 500, 1500])
  t.same(rig.wire.sent(1, 2), ['INVITE', '[ACK]', '[ACK]', 'ACK'])
  t.equal(new Set(rig.wire.hops.filter((hop) => hop.name === 'ACK').map((hop) => hop.message.headers.get('via'))).size, 1)
  t.equal(rig.callee.acks.length, 1)
})

t.test('over TCP too, for the ACK may be lost behind the next hop (§13.3.1.4)', async (t) => {
  const rig = new Rig(t)
  rig.wire.lose = (name, { count }) => name === 'ACK' && count === 1
  await rig.connect({}, remote(2, 'tcp'))
  await rig.wire.pass(2_000)
  t.same(rig.wire.times('200 INVITE', 2), [0, 500])
  t.equal(rig.wire.last('200 INVITE').headers.get('contact'), '<sip:127.0.0.1:2;transport=tcp>')
})

t.test('no ACK in 64·T1: the callee ends the call with BYE and says why', async (t) => {
  const rig = new Rig(t)
  rig.wire.lose = (name) => name === 'ACK'
  const { b } = await rig.connect()
  rig.caller.answer = (incoming) => incoming.respond(200)
  await rig.wire.pass(31_000)
  t.same(rig.callee.ended, [])
  await rig.wire.pass(1_100)
  t.same(rig.callee.ended, ['ACK timeout'])
  t.equal(b.state, 'terminated')
  t.equal(rig.wire.last('BYE').headers.get('reason'), 'SIP ;cause=200 ;text="ACK timeout"')
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
})

t.test('a callee’s BYE waits for the ACK (§15)', async (t) => {
  const rig = new Rig(t)
  rig.wire.lose = (name, { count }) => name === 'ACK' && count === 1
  const { b } = await rig.connect()
  const bye = rig.askIn(rig.callee, b, 'BYE')
  rig.caller.answer = (incoming) => incoming.respond(200)
  await rig.wire.pass(100)
  t.same(rig.wire.times('BYE', 2), [])
  await rig.wire.pass(500)
  t.same(rig.wire.sent(1, 2), ['INVITE', '[ACK]', 'ACK', '200 BYE'])
  t.same(bye.seen, ['200'])
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
})

t.test('or until nobody waits for the ACK any more; then that BYE ends the call', async (t) => {
  const rig = new Rig(t)
  rig.wire.lose = (name) => name === 'ACK'
  const { b } = await rig.connect()
  const bye = rig.askIn(rig.callee, b, 'BYE')
  rig.caller.answer = (incoming) => incoming.respond(200)
  await rig.wire.pass(33_000)
  t.same(bye.seen, ['200'])
  t.same(rig.callee.ended, [], 'it was asked for')
})

t.test('a caller’s BYE may come before its ACK', async (t) => {
  const rig = new Rig(t)
  rig.wire.lose = (name) => name === 'ACK'
  const { a } = await rig.connect()
  rig.callee.answer = (incoming) => incoming.respond(200)
  const bye = rig.askIn(rig.caller, a, 'BYE')
  await rig.wire.pass(10_000)
  t.same(bye.seen, ['200'])
  t.same(rig.wire.times('200 INVITE', 2), [0], 'the 2xx is not repeated any more')
  t.same(rig.callee.ended, [])
})

t.test('BYEs that cross are both answered', async (t) => {
  const rig = new Rig(t)
  const { a, b } = await rig.connect()
  for (const side of [rig.caller, rig.callee]) side.answer = (incoming) => incoming.respond(200)
  const [one, two] = [rig.askIn(rig.caller, a, 'BYE'), rig.askIn(rig.callee, b, 'BYE')]
  await rig.wire.pass(100)
  t.same([one.seen, two.seen], [['200'], ['200']])
})

t.test('a lost answer to BYE: the BYE is repeated and answered again', async (t) => {
  const rig = new Rig(t)
  const { a } = await rig.connect()
  rig.callee.answer = (incoming) => incoming.respond(200)
  rig.wire.lose = (name, { count }) => name === '200 BYE' && count <= 2
  const bye = rig.askIn(rig.caller, a, 'BYE')
  await rig.wire.pass(2_000)
  t.same(bye.seen, ['200'])
  t.equal(rig.callee.incoming.filter((one) => one.request.method === 'BYE').length, 1)
})

t.test('a BYE nobody answers ends the dialog all the same', async (t) => {
  const rig = new Rig(t)
  const { a } = await rig.connect()
  rig.wire.lose = (name) => name === 'BYE'
  const bye = rig.askIn(rig.caller, a, 'BYE')
  await rig.wire.pass(33_000)
  t.same(bye.seen, ['408!'])
  t.equal(a.state, 'terminated')
  t.throws(() => rig.askIn(rig.caller, a, 'INFO'), { code: 'dialog_gone' })
})

t.test('a challenged BYE may be sent again', async (t) => {
  const rig = new Rig(t)
  const { a } = await rig.connect()
  rig.callee.answer = (incoming) => incoming.respond(407)
  rig.askIn(rig.caller, a, 'BYE')
  await rig.wire.pass(0)
  t.equal(a.state, 'confirmed')
})

t.test('CANCEL in time: 487 and no call', async (t) => {
  const rig = new Rig(t)
  const { invite, seen } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  rig.callee.incoming[0]!.respond(180)
  await rig.wire.pass(0)
  t.equal(rig.callee.dialogs.size, 1)
  t.ok(invite.cancel())
  await rig.wire.pass(0)
  t.same(seen, ['180', '487'])
  t.equal(rig.callee.cancelled.length, 1)
  t.throws(() => rig.callee.incoming[0]!.respond(200), { code: 'answered' })
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
})

t.test('CANCEL crosses the 200: the call is acknowledged and ended at once', async (t) => {
  const rig = new Rig(t)
  const { invite, seen } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  rig.callee.incoming[0]!.respond(200)
  t.ok(invite.cancel())
  rig.callee.answer = (incoming) => incoming.respond(200)
  await rig.wire.pass(0)
  t.same(seen, ['200'])
  t.equal(rig.callee.cancelled.length, 0, 'too late for the callee')
  rig.caller.agent.acknowledge(invite.dialog!)
  await rig.wire.pass(0)
  t.same(rig.caller.ended, ['ACK-BYE due to cancel race condition'])
  t.same(rig.wire.sent(1, 2), ['INVITE', 'CANCEL', 'ACK', 'BYE'])
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
})

t.test('BYE in an early dialog is a caller who gives up', async (t) => {
  const rig = new Rig(t)
  const { invite, seen } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  rig.callee.incoming[0]!.respond(180)
  await rig.wire.pass(0)
  const [dialog] = rig.caller.dialogs
  const bye = rig.askIn(rig.caller, dialog!, 'BYE')
  await rig.wire.pass(0)
  t.same(seen, ['180', '487'])
  t.same(bye.seen, ['200'])
  t.equal(rig.callee.cancelled.length, 1)
  t.notOk(invite.pending)
})

t.test('an application that never acknowledges: ACK and BYE by the agent', async (t) => {
  const rig = new Rig(t)
  rig.callee.answer = (incoming) => incoming.respond(200)
  rig.ask({ method: 'INVITE' })
  await rig.wire.pass(32_600)
  t.same(rig.caller.ended, ['no ACK from the application'])
  t.same(rig.wire.sent(1, 2).slice(0, 3), ['INVITE', 'ACK', 'BYE'])
  await rig.wire.pass(40_000)
  t.same(rig.left, [0, 0, 0])
})

t.test('an ACK nobody owes', async (t) => {
  const rig = new Rig(t)
  const { a } = await rig.connect()
  t.throws(() => rig.caller.agent.acknowledge(a), { code: 'no_ack_due' })
})

t.test('an ACK repeats the credentials of its INVITE', async (t) => {
  const rig = new Rig(t)
  await rig.connect({ headers: [['Proxy-Authorization', 'Digest x="y"']] })
  t.equal(rig.wire.last('ACK').headers.get('proxy-authorization'), 'Digest x="y"')
})

t.test('several phones answer a forked INVITE: the first wins, the others get ACK and BYE', async (t) => {
  const rig = new Rig(t)
  const { invite, seen } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  const request = rig.wire.last('INVITE') as SipRequest
  const phone = (name: string, port: number) => (status: number): void => {
    rig.caller.layer.onMessage(createResponse(request, status, { toTag: name, headers: [['Contact', `<sip:127.0.0.1:${port}>`]] }), remote(2))
  }
  const [first, second] = [phone('one', 11), phone('two', 12)]
  first(180)
  second(180)
  t.equal(rig.caller.dialogs.size, 2, 'an early dialog each')
  second(200)
  t.equal(invite.dialog!.remoteTag, 'two')
  t.equal(rig.caller.dialogs.size, 1)
  rig.caller.agent.acknowledge(invite.dialog!)
  first(200)
  await rig.wire.pass(0)
  t.same(rig.wire.sent(1, 12), ['ACK'])
  t.same(rig.wire.sent(1, 11), ['ACK', 'BYE'])
  first(200)
  second(200)
  await rig.wire.pass(0)
  t.same(rig.wire.sent(1, 12), ['ACK', 'ACK'], 'copies are acknowledged again')
  t.same(rig.wire.sent(1, 11), ['ACK', 'BYE', 'ACK'], 'without a second BYE')
  t.same(seen, ['180', '180', '200'])
  t.equal(rig.caller.dialogs.size, 1)
})

t.test('an answer without a Contact cannot be a call: ACK, then BYE', async (t) => {
  const rig = new Rig(t)
  const { invite } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  rig.caller.layer.onMessage(createResponse(rig.wire.last('INVITE') as SipRequest, 200, { toTag: newTag() }), remote(2))
  rig.caller.agent.acknowledge(invite.dialog!)
  await rig.wire.pass(0)
  t.same(rig.caller.ended, ['no Contact in the answer'])
})

t.test('what is refused before anybody is asked', async (t) => {
  const rig = new Rig(t, 1)
  const at = (request: SipRequest): void => rig.callee.layer.onMessage(request, remote(9))
  at(rawRequest({ method: 'INVITE' }))
  for (const method of ['BYE', 'PRACK', 'UPDATE', 'INFO']) at(rawRequest({ method }))
  for (const method of ['BYE', 'INVITE', 'OPTIONS']) at(rawRequest({ method, toTag: 'unknown' }))
  at(rawRequest({ method: 'ACK', toTag: 'unknown' }))
  at(rawRequest({ method: 'INVITE', headers: [['Contact', '<sip:a@127.0.0.1:9>'], ['Session-Expires', '30'], ['Supported', 'timer']] }))
  await rig.wire.pass(0)
  t.same(rig.wire.sent(2, 9).filter((name) => !name.startsWith('100')), ['400 INVITE', '481 BYE', '481 PRACK', '481 UPDATE', '481 INFO', '481 BYE', '481 INVITE', '481 OPTIONS', '422 INVITE'])
  t.equal(rig.callee.incoming.length, 0)
  await rig.connect()
  const { seen } = rig.ask({ method: 'INVITE' })
  await rig.wire.pass(0)
  t.same(seen, ['503'], 'too many dialogs')
  t.equal(rig.wire.last('503 INVITE').headers.get('retry-after'), '5')
})

t.test('a request is completed with what it lacks', async (t) => {
  const rig = new Rig(t)
  const request = rawRequest({ method: 'INVITE', uri: 'sip:+442079460000@127.0.0.1:2' })
  for (const name of ['via', 'from', 'to', 'call-id', 'cseq', 'max-forwards']) request.headers.remove(name)
  rig.caller.agent.request(request, { onResponse: () => undefined })
  const sent = rig.wire.last('INVITE') as SipRequest
  t.match(sent.headers.get('from'), /^<sip:127\.0\.0\.1:1>;tag=\w{16}$/)
  t.equal(sent.headers.get('to'), '<sip:+442079460000@127.0.0.1:2>')
  t.match(sent.callId, /^[0-9a-f]{32}$/, 'a Call-ID that names no host')
  t.equal(sent.headers.get('max-forwards'), '70')
  t.equal(sent.headers.get('contact'), '<sip:127.0.0.1:1>')
  t.notOk(sent.headers.has('user-agent'))
})

t.test('requests that cannot go anywhere', async (t) => {
  const rig = new Rig(t)
  const send = (uri: string, headers: [string, string][] = []): void => {
    rig.caller.agent.request(rawRequest({ method: 'OPTIONS', uri, headers }), { onResponse: () => undefined })
  }
  for (const uri of ['tel:+442079460000', 'sips:h', 'sip:h;transport=tls']) t.throws(() => send(uri), { name: 'AgentError', code: 'not_routable' }, uri)
  const odd = rawRequest({ method: 'OPTIONS', uri: 'sip:127.0.0.1:2' })
  odd.headers.set('From', 'not an address')
  t.throws(() => rig.caller.agent.request(odd, { onResponse: () => undefined }), { name: 'SipParseError' })
  const number = rawRequest({ method: 'OPTIONS', uri: 'sip:127.0.0.1:2', cseqMethod: 'INVITE' })
  t.throws(() => rig.caller.agent.request(number, { onResponse: () => undefined }), { code: 'cseq' })
  t.same(rig.wire.hops, [])
  t.equal(rig.caller.layer.transactions, 0)
})

t.test('a request goes by the first Route, or where the user says', async (t) => {
  const rig = new Rig(t)
  const send = (headers: Headers, proxy?: string): void => {
    const request = rawRequest({ method: 'OPTIONS', uri: 'sip:+442079460000@127.0.0.1:2' })
    for (const line of headers) request.headers.add(line.name, line.value)
    rig.caller.agent.request(request, { onResponse: () => undefined }, proxy === undefined ? {} : { proxy })
  }
  send(new Headers([['Route', '<sip:127.0.0.1:21;lr>']]))
  send(new Headers(), 'sip:127.0.0.1:22;transport=tcp')
  await rig.wire.pass(0)
  t.same([rig.wire.sent(1, 21), rig.wire.sent(1, 22), rig.wire.sent(1, 2)], [['OPTIONS'], ['OPTIONS'], []])
  t.equal((rig.wire.last('OPTIONS') as SipRequest).uri, 'sip:+442079460000@127.0.0.1:2')
  t.match(rig.wire.last('OPTIONS').headers.get('via'), /^SIP\/2\.0\/TCP /)
})

t.test('closing is silent', async (t) => {
  const rig = new Rig(t)
  await rig.connect()
  rig.caller.agent.close()
  rig.callee.agent.close()
  rig.caller.layer.close()
  rig.callee.layer.close()
  const sent = rig.wire.hops.length
  await rig.wire.pass(1_000)
  t.equal(rig.wire.hops.length, sent)
  t.same(rig.left, [0, 0, 0])
})
