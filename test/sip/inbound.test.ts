import { EventEmitter, getEventListeners } from 'node:events'
import t from 'tap'
import { DrachtioInbound } from '../../src/sip/inbound.js'
import type { SrfClient, SrfDialog, SrfRequest, SrfResponse } from '../../src/sip/srf.js'
import { CallerGone } from '../../src/sip/types.js'

/** An INVITE whose drachtio-srf is ours: `answered` is what becomes of a 200. */
function arrive(answered: (done: (error: unknown, dialog?: SrfDialog) => void) => void = () => undefined) {
  const [lost, req, sent] = [new AbortController(), new EventEmitter(), [] as number[]]
  Object.assign(req, { method: 'INVITE', uri: 'sip:+442079460000@127.0.0.1', body: 'v=0', source_address: '127.0.0.1', source_port: 5060, protocol: 'udp', get: () => undefined })
  const res = { finalResponseSent: false, send: (status: number) => { sent.push(status) } } as unknown as SrfResponse
  const srf = { createUAS: (_req: unknown, _res: unknown, _options: unknown, done: (error: unknown, dialog?: SrfDialog) => void) => answered(done) } as unknown as SrfClient
  const call = new DrachtioInbound(req as unknown as SrfRequest, res, { srf, deadlineMs: 1000, lost: lost.signal, track: () => undefined })
  return { call, req, sent, lose: () => lost.abort(new Error('lost')), waiting: () => getEventListeners(lost.signal, 'abort').length }
}

function dialogOf(): SrfDialog & EventEmitter {
  return Object.assign(new EventEmitter(), { connected: true, remote: { sdp: '' }, local: { contact: '' }, destroy: (_options: unknown, done: (error: unknown) => void) => done(undefined) })
}

t.test('a caller who waits learns that the connection to the SIP server is lost', async (t) => {
  const { call, lose } = arrive()
  t.notOk(call.gone.aborted)
  lose()
  t.match(call.gone.reason, { message: 'lost' })
})

t.test('an INVITE that is over waits for nothing of the connection any more', async (t) => {
  const refused = arrive()
  t.equal(refused.waiting(), 1)
  refused.call.reject(486)
  t.same([refused.waiting(), refused.sent], [0, [486]])

  const challenged = arrive()
  challenged.call.challenge('Digest realm="x", nonce="y"')
  t.equal(challenged.waiting(), 0)

  const cancelled = arrive()
  cancelled.req.emit('cancel')
  t.ok(cancelled.call.gone.reason instanceof CallerGone)
  t.equal(cancelled.waiting(), 0)

  const failed = arrive((done) => done(new Error('no')))
  await t.rejects(failed.call.answer('v=0'))
  t.equal(failed.waiting(), 0)
})

t.test('an answered one waits until its dialog ends', async (t) => {
  const dialog = dialogOf()
  const { call, waiting } = arrive((done) => done(undefined, dialog))
  const leg = await call.answer('v=0')
  t.equal(waiting(), 1)
  dialog.emit('destroy', {})
  await leg.ended
  t.equal(waiting(), 0)
})
