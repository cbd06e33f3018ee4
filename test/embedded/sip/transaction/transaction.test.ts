import t, { type Test } from 'tap'
import { ClientInvite, createResponse, SipParseError, Timers, TransactionLayer, type ClientTransaction, type LayerUser, type Protocol, type ServerInvite, type ServerTransaction, type SipRequest, type SipResponse } from '../../../../src/embedded/sip/index.js'
import { draftRequest, rawRequest } from '../support/messages.js'
import { remote, Wire } from '../support/wire.js'

/** T1 of 500 ms as in the RFC: the clock is virtual, so waiting costs nothing. */
const [client, server] = [1, 2]

interface Rig {
  readonly wire: Wire
  readonly timers: Timers
  readonly client: TransactionLayer
  readonly server: TransactionLayer
  readonly requests: ServerTransaction[]
  readonly acks: SipRequest[]
  readonly cancelled: ServerInvite[]
  readonly errors: unknown[]
}

function rig(t: Test, answer: (transaction: ServerTransaction) => void = () => undefined, maxTransactions = 1_000): Rig {
  const wire = new Wire()
  const timers = new Timers()
  const side = (port: number): TransactionLayer => {
    const layer = new TransactionLayer({ transport: wire.endpoint(port), timers, maxTransactions })
    wire.use(port, layer)
    return layer
  }
  const made: Rig = { wire, timers, client: side(client), server: side(server), requests: [], acks: [], cancelled: [], errors: [] }
  const user: LayerUser = {
    onRequest: (transaction) => { made.requests.push(transaction); answer(transaction) },
    onAck: (ack) => made.acks.push(ack), onCancel: (invite) => made.cancelled.push(invite), onError: (error) => made.errors.push(error)
  }
  made.server.use(user)
  t.teardown(() => {
    timers.cancelAll()
    wire.close()
  })
  return made
}

/** Sends a request and notes what comes back: `180`, and `408!` for one that the transaction made itself. */
function ask(rig: Rig, method: string, protocol: Protocol = 'udp'): { transaction: ClientTransaction; invite: ClientInvite; seen: string[]; ended: () => boolean } {
  const seen: string[] = []
  let ended = false
  const transaction = rig.client.send(draftRequest({ method }), remote(server, protocol), {
    onResponse: (response, from) => seen.push(`${response.status}${from === undefined ? '!' : ''}`), onEnd: () => { ended = true }
  })
  return {
    transaction, seen, ended: () => ended,
    get invite() {
      if (transaction instanceof ClientInvite) return transaction
      throw new Error('not an INVITE')
    }
  }
}

const responding = (...statuses: number[]) => (transaction: ServerTransaction): void => {
  for (const status of statuses) transaction.respond(createResponse(transaction.request, status, { toTag: transaction.toTag }))
}

const empty = (t: Test, rig: Rig): void => {
  t.same([rig.client.transactions, rig.server.transactions, rig.timers.running], [0, 0, 0], 'nothing is left')
  t.same(rig.errors, [])
}

t.test('a request nobody answers is sent at T1, 2·T1, 4·T1 up to T2 and gives 408 after 64·T1 (Timers E, F)', async (t) => {
  const r = rig(t)
  const { seen, ended } = ask(r, 'OPTIONS')
  await r.wire.pass(31_990)
  t.same(r.wire.times('OPTIONS', client), [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500])
  t.same(seen, [])
  await r.wire.pass(20)
  t.same(seen, ['408!'])
  t.ok(ended())
  t.equal(r.requests.length, 1, 'the copies are one request')
  await r.wire.pass(40_000)
  empty(t, r)
})

t.test('an INVITE nobody answers doubles without limit and gives 408 after 64·T1 (Timers A, B)', async (t) => {
  const r = rig(t)
  const { seen } = ask(r, 'INVITE')
  await r.wire.pass(32_010)
  t.same(r.wire.times('INVITE', client), [0, 500, 1500, 3500, 7500, 15500, 31500])
  t.same(seen, ['408!'])
  r.requests[0]!.end()
  empty(t, r)
})

t.test('TCP sends once', async (t) => {
  const r = rig(t)
  const [options, invite] = [ask(r, 'OPTIONS', 'tcp'), ask(r, 'INVITE', 'tcp')]
  await r.wire.pass(32_010)
  t.same(r.wire.sent(client, server), ['OPTIONS', 'INVITE'])
  t.same([options.seen, invite.seen], [['408!'], ['408!']])
})

t.test('what cannot be sent gives 503 (RFC 3261 §8.1.3.1)', async (t) => {
  const r = rig(t)
  r.wire.refusing.add(server)
  const [options, invite] = [ask(r, 'OPTIONS', 'tcp'), ask(r, 'INVITE', 'tcp')]
  await r.wire.pass(0)
  t.same([options.seen, invite.seen], [['503!'], ['503!']])
  empty(t, r)
})

t.test('a request is answered once, whatever gets lost', async (t) => {
  const r = rig(t, responding(200))
  r.wire.lose = (name, { count }) => name === 'OPTIONS' ? count === 1 : count <= 2
  const { seen } = ask(r, 'OPTIONS')
  await r.wire.pass(5_000)
  t.same(seen, ['200'])
  t.equal(r.requests.length, 1)
  t.same(r.wire.sent(server, client), ['[200 OPTIONS]', '[200 OPTIONS]', '200 OPTIONS'])
  await r.wire.pass(40_000)
  empty(t, r)
})

t.test('on TCP both sides are free at once (Timers J, K are zero)', async (t) => {
  const r = rig(t, responding(200))
  const { seen, ended } = ask(r, 'OPTIONS', 'tcp')
  await r.wire.pass(0)
  t.same(seen, ['200'])
  t.ok(ended())
  empty(t, r)
})

t.test('after a provisional response a request is repeated every T2', async (t) => {
  const r = rig(t, responding(100))
  ask(r, 'OPTIONS')
  await r.wire.pass(13_000)
  t.same(r.wire.times('OPTIONS', client), [0, 4000, 8000, 12000])
})

t.test('a request that is never answered is forgotten after 64·T1', async (t) => {
  const r = rig(t)
  ask(r, 'OPTIONS', 'tcp')
  await r.wire.pass(32_010)
  empty(t, r)
  t.notOk(r.requests[0]!.respond(createResponse(r.requests[0]!.request, 200)), 'too late')
})

t.test('a refused INVITE: the final response until ACK, the ACK for each copy (Timers G, I, D)', async (t) => {
  const r = rig(t, responding(100, 180, 486))
  r.wire.lose = (name, { count }) => name === 'ACK' && count <= 3
  const { seen } = ask(r, 'INVITE')
  await r.wire.pass(20_000)
  t.same(seen, ['100', '180', '486'])
  t.same(r.wire.times('486 INVITE', server), [0, 500, 1500, 3500])
  t.same(r.wire.sent(client, server), ['INVITE', '[ACK]', '[ACK]', '[ACK]', 'ACK'])
  const [invite, ack] = [r.wire.last('INVITE'), r.wire.last('ACK')]
  t.equal(ack.headers.get('via'), invite.headers.get('via'), 'the ACK to a refusal has the branch of the INVITE')
  t.equal(ack.toTag, r.wire.last('486 INVITE').toTag)
  t.same(r.acks, [], 'and is nobody else’s affair')
  await r.wire.pass(20_000)
  empty(t, r)
})

t.test('a refusal whose ACK never comes is given up after 64·T1 (Timer H)', async (t) => {
  const r = rig(t, responding(486))
  r.wire.lose = (name) => name === 'ACK'
  ask(r, 'INVITE')
  await r.wire.pass(32_500)
  t.equal(r.server.transactions, 0)
  t.equal(r.wire.times('486 INVITE', server).length, 11, 'at T1 … T2, then every T2')
})

t.test('a copy of an INVITE gets the last provisional response again', async (t) => {
  const r = rig(t, responding(100, 180))
  r.wire.lose = (name, { count }) => name.endsWith(' INVITE') && count === 1
  const { seen } = ask(r, 'INVITE')
  await r.wire.pass(600)
  t.same(seen, ['180'])
  t.equal(r.requests.length, 1)
})

t.test('a 2xx: each copy goes up, INVITE copies are absorbed, all is free after 64·T1 (RFC 6026)', async (t) => {
  const r = rig(t, responding(200))
  r.wire.lose = (name, { count }) => name === '200 INVITE' && count === 1
  const { seen } = ask(r, 'INVITE')
  await r.wire.pass(600)
  t.same(seen, [], 'the copy of the INVITE draws no second 200 from the transaction: that is the core’s task')
  t.equal(r.requests.length, 1)
  const invite = r.requests[0]!
  for (let copy = 0; copy < 2; copy++) responding(200)(invite)
  await r.wire.pass(0)
  t.same(seen, ['200', '200'])
  t.notOk(invite.respond(createResponse(invite.request, 486)), 'no other final response after it')
  t.notOk(invite.respond(createResponse(invite.request, 180)))
  await r.wire.pass(32_600)
  empty(t, r)
})

t.test('an ACK to a 2xx goes to the core, also with the branch of the INVITE', async (t) => {
  const r = rig(t, responding(200))
  const { transaction } = ask(r, 'INVITE')
  await r.wire.pass(10)
  const ack = transaction.request.clone()
  const own = rawRequest({ method: 'ACK', callId: ack.callId })
  own.headers.set('Via', ack.headers.get('via')!)
  r.server.onMessage(own, remote(client))
  r.server.onMessage(rawRequest({ method: 'ACK' }), remote(client))
  t.equal(r.acks.length, 2)
})

t.test('CANCEL waits for a provisional response, has the branch of its INVITE and ends it with 487', async (t) => {
  const r = rig(t)
  const { invite, seen } = ask(r, 'INVITE')
  const first = invite.cancel([['Reason', 'SIP;cause=200']])
  t.match(first, { method: 'CANCEL' })
  await r.wire.pass(300)
  t.same(r.wire.sent(client, server), ['INVITE'])
  responding(180)(r.requests[0]!)
  await r.wire.pass(0)
  t.equal(r.cancelled.length, 1)
  t.equal(invite.cancel(), first)
  await r.wire.pass(0)
  t.equal(r.wire.times('CANCEL', client).length, 1, 'asking twice sends one')
  responding(487)(r.requests[0]!)
  await r.wire.pass(0)
  t.same(seen, ['180', '487'], 'the 200 to the CANCEL is not shown')
  const sent = r.wire.last('CANCEL')
  t.equal(sent.headers.get('via'), r.wire.last('INVITE').headers.get('via'))
  t.equal(sent.headers.get('reason'), 'SIP;cause=200')
  t.equal(r.wire.last('200 CANCEL').toTag, r.wire.last('487 INVITE').toTag, 'one To tag (RFC 3261 §9.2)')
  t.equal(invite.cancel(), undefined, 'too late now')
  await r.wire.pass(40_000)
  empty(t, r)
})

t.test('a CANCEL that has no effect ends the INVITE after 64·T1 all the same', async (t) => {
  const r = rig(t, responding(180))
  const { invite, seen } = ask(r, 'INVITE')
  await r.wire.pass(10)
  t.ok(invite.cancel())
  await r.wire.pass(32_010)
  t.same(seen, ['180', '487!'])
})

t.test('a CANCEL for nothing gets 481; one after the answer changes nothing', async (t) => {
  const r = rig(t, responding(200))
  r.server.onMessage(rawRequest({ method: 'CANCEL', via: 'SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKnone;rport' }), remote(client))
  await r.wire.pass(0)
  t.same(r.wire.sent(server, client), ['481 CANCEL'])
  const { transaction, seen } = ask(r, 'INVITE')
  await r.wire.pass(0)
  const late = transaction.request.clone()
  const cancel = rawRequest({ method: 'CANCEL', callId: late.callId })
  cancel.headers.set('Via', late.headers.get('via')!)
  r.server.onMessage(cancel, remote(client))
  await r.wire.pass(0)
  t.equal(r.wire.sent(server, client).at(-1), '200 CANCEL')
  t.same(r.cancelled, [])
  t.same(seen, ['200'])
})

t.test('peers without the magic cookie (RFC 2543) are matched by what they keep equal', async (t) => {
  const r = rig(t, responding(100, 486))
  const request = rawRequest({ method: 'INVITE', via: 'SIP/2.0/UDP 127.0.0.1:1;branch=1' })
  for (let copy = 0; copy < 2; copy++) r.server.onMessage(request.clone(), remote(client))
  t.equal(r.requests.length, 1)
  const ack = rawRequest({ method: 'ACK', via: 'SIP/2.0/UDP 127.0.0.1:1;branch=1', callId: request.callId, fromTag: request.fromTag!, toTag: 'any' })
  r.server.onMessage(ack, remote(client))
  t.equal(r.requests[0]!.state, 'confirmed')
  r.server.onMessage(rawRequest({ method: 'INVITE', via: 'SIP/2.0/UDP 127.0.0.1:1;branch=1' }), remote(client))
  t.equal(r.requests.length, 2, 'another call from the same Via is another request')
})

t.test('one request by two ways is refused the second time with 482 (RFC 3261 §8.2.2.2)', async (t) => {
  const r = rig(t)
  const request = rawRequest({ method: 'INVITE' })
  const other = rawRequest({ method: 'INVITE', callId: request.callId, fromTag: request.fromTag! })
  r.server.onMessage(request, remote(client))
  r.server.onMessage(other, remote(client))
  await r.wire.pass(0)
  t.equal(r.requests.length, 1)
  t.match(r.wire.last('482 INVITE'), { status: 482 })
  r.server.onMessage(rawRequest({ method: 'INVITE', callId: request.callId, fromTag: request.fromTag!, cseq: 2 }), remote(client))
  t.equal(r.requests.length, 2, 'the next number is a new request, as after a challenge')
  r.server.onMessage(rawRequest({ method: 'INVITE', callId: request.callId, fromTag: request.fromTag!, toTag: 'known' }), remote(client))
  t.equal(r.requests.length, 3, 'with a To tag it is a dialog’s affair')
})

t.test('Max-Forwards 0 gets 483', async (t) => {
  const r = rig(t)
  const request = rawRequest({ method: 'INVITE' })
  request.headers.set('Max-Forwards', '0')
  r.server.onMessage(request, remote(5))
  await r.wire.pass(0)
  t.same(r.wire.sent(server, 5), ['483 INVITE'])
  t.equal(r.requests.length, 0)
  t.ok(r.wire.last('483 INVITE').toTag)
  r.server.onMessage(request.clone(), remote(5))
  await r.wire.pass(0)
  const tags = r.wire.hops.map((hop) => hop.message.toTag)
  t.equal(tags[0], tags[1], 'a copy gets the same tag')
  t.equal(r.server.transactions, 0)
})

t.test('when full: 503 for new calls, the rest goes on up to twice as many, then silence', async (t) => {
  const r = rig(t, () => undefined, 2)
  const from = remote(5)
  for (let count = 0; count < 2; count++) r.server.onMessage(rawRequest({ method: 'INVITE' }), from)
  r.server.onMessage(rawRequest({ method: 'INVITE' }), from)
  await r.wire.pass(0)
  t.same(r.wire.sent(server, 5), ['503 INVITE'])
  t.ok(r.wire.last('503 INVITE').headers.has('retry-after'))
  for (let count = 0; count < 5; count++) r.server.onMessage(rawRequest({ method: 'BYE', toTag: 'x' }), from)
  await r.wire.pass(0)
  t.equal(r.requests.length, 4)
  t.equal(r.server.transactions, 4)
  t.same(r.wire.sent(server, 5), ['503 INVITE'], 'no answer to the others')
})

t.test('a response that belongs to nothing is dropped', async (t) => {
  const r = rig(t)
  r.server.onMessage(createResponse(rawRequest(), 200), remote(client))
  await r.wire.pass(0)
  t.same(r.wire.hops, [])
  t.same(r.errors, [])
})

t.test('whoever handles a message may throw; the next one is served', async (t) => {
  let first = true
  const r = rig(t, (transaction) => {
    if (first) {
      first = false
      throw new Error('handler')
    }
    responding(200)(transaction)
  })
  const [one, two] = [ask(r, 'OPTIONS', 'tcp'), ask(r, 'OPTIONS', 'tcp')]
  await r.wire.pass(0)
  t.equal(r.errors.length, 1)
  t.same([one.seen, two.seen], [[], ['200']])
})

t.test('a transaction ends for its user even if that one throws', async (t) => {
  const r = rig(t, responding(486))
  r.client.use({ onRequest: () => undefined, onAck: () => undefined, onCancel: () => undefined, onError: (error) => r.errors.push(error) })
  r.client.send(draftRequest({ method: 'INVITE' }), remote(server, 'tcp'), { onResponse: () => { throw new Error('user') } })
  await r.wire.pass(0)
  t.equal(r.client.transactions, 0)
  t.equal(r.errors.length, 1)
})

t.test('a request that cannot be written is refused before anything happened', async (t) => {
  const r = rig(t)
  const request = draftRequest({ headers: [['X', 'a\r\nb']] })
  t.throws(() => r.client.send(request, remote(server), { onResponse: () => undefined }), { name: 'SipFormatError' })
  empty(t, r)
  r.server.onMessage(rawRequest({ method: 'INVITE' }), remote(5))
  const bad: SipResponse = createResponse(r.requests[0]!.request, 486, { headers: [['X', 'a\nb']] })
  t.throws(() => r.requests[0]!.respond(bad), { name: 'SipFormatError' })
  t.ok(r.requests[0]!.pending, 'and can still be answered well')
})

t.test('malformed requests get their 400, with received and without a transaction', async (t) => {
  const r = rig(t)
  const reply = { method: 'INVITE', via: ['SIP/2.0/UDP 192.0.2.1:5;branch=z9hG4bKm;rport', 'SIP/2.0/UDP h'], from: '<sip:a@h>;tag=1', to: '<sip:b@h>', callId: 'c', cseq: '1 INVITE' }
  r.server.onMalformed(new SipParseError('uri', 400, reply), remote(7))
  r.server.onMalformed(new SipParseError('version', 505, reply), remote(7))
  r.server.onMalformed(new SipParseError('uri', 400), remote(7))
  await r.wire.pass(0)
  t.same(r.wire.sent(server, 7), ['400 INVITE', '505 INVITE'])
  t.same(r.wire.last('400 INVITE').headers.all('via'), ['SIP/2.0/UDP 192.0.2.1:5;branch=z9hG4bKm;rport=7;received=127.0.0.1', 'SIP/2.0/UDP h'])
  empty(t, r)
})

t.test('closing ends everything and tells the users', async (t) => {
  const r = rig(t, responding(180))
  const { ended } = ask(r, 'INVITE')
  await r.wire.pass(10)
  r.client.close()
  r.server.close()
  t.ok(ended())
  empty(t, r)
})
