import t from 'tap'
import type { Events } from '../../../src/events.js'
import { planOfCall, planOfRequest, type Planned } from '../../../src/telemetry/traces/plan.js'

/** Steps as `milliseconds name detail`. */
function call(steps: readonly string[], about: Partial<Events['call.traced']> = {}): Events['call.traced'] {
  return {
    callId: 'bcdfghjkmnpqrstvwxyz', shopId: 'demo', caller: 'courier', callee: 'customer', startedAt: 1_000_000, result: 'success', reason: 'caller_hung_up', ...about,
    steps: steps.map((text) => {
      const [at, what = '', detail] = text.split(' ')
      return { at: Number(at), what, ...(detail === undefined ? {} : { detail: /^\d+$/.test(detail) ? Number(detail) : detail }) }
    })
  }
}

/** A tree as lines of `name from-to`, two spaces deeper for each parent. */
function drawn(span: Planned, depth = ''): string[] {
  return [`${depth}${span.name} ${span.from - 1_000_000}-${span.to - 1_000_000}`, ...span.children.flatMap((child) => drawn(child, `${depth}  `))]
}

const all = (span: Planned): Planned[] => [span, ...span.children.flatMap(all)]
const named = (span: Planned, name: string): Planned[] => all(span).filter((one) => one.name === name)

t.test('a talk that the second gateway brought about', async (t) => {
  const plan = planOfCall(call([
    '0 a.in.invite', '3 lookup connect', '4 record', '5 gate allow', '6 media embedded', '6 state dialling', '10 b.out.invite 1', '20 b.in.status 503', '21 b.out.invite 2', '90 b.in.status 180',
    '90 state ringing', '91 a.out.status 180', '91 prompt.a ringback', '4000 b.in.status 200', '4000 b.out.ack', '4001 state answering', '4005 a.out.status 200', '4006 state talking',
    '4030 a.in.ack', '9000 a.in.bye', '9001 state ended', '9004 b.out.bye', '9005 end caller_hung_up'
  ], { trunkId: 'carrier', outcome: 'reached', attempt: 2 }), 'way')
  t.same(drawn(plan), [
    'call 0-9005', '  look up 0-3', '  open record 3-4', '  gate 4-5', '  media 5-6',
    '  reach 6-4001', '    try 10-20', '    try 21-4000', '      ringing 90-4000',
    '  answer 4001-4006', '  talk 4006-9000', '  end 9000-9005'
  ])
  t.same(plan.attributes, {
    'maskline.call.id': 'bcdfghjkmnpqrstvwxyz', 'maskline.shop.id': 'demo', 'maskline.trunk.id': 'carrier', 'maskline.call.started_by': 'courier', 'maskline.call.callee': 'customer',
    'maskline.call.result': 'success', 'maskline.call.reason': 'caller_hung_up', 'maskline.call.outcome': 'reached', 'maskline.call.attempt': 2
  })
  t.match(named(plan, 'try').map(({ attributes, failed, kind }) => ({ attributes, failed, kind })), [
    { attributes: { 'maskline.side': 'b', 'maskline.try': 1, 'maskline.gateway': 1, 'maskline.trunk.id': 'way', 'maskline.sip.status_code': 503, 'error.type': '503' }, failed: true, kind: 'client' },
    { attributes: { 'maskline.try': 2, 'maskline.gateway': 2, 'maskline.sip.status_code': 200 }, failed: false }
  ])
  t.match([named(plan, 'look up')[0]!.attributes, named(plan, 'media')[0]!.attributes], [{ 'maskline.lookup': 'connect' }, { 'maskline.media.engine': 'embedded' }])
  t.same(plan.events.map(({ name, at }) => `${at - 1_000_000} ${name}`), ['0 a.in.invite', '91 a.out.status', '91 prompt.a', '4000 b.out.ack', '4005 a.out.status', '4030 a.in.ack', '9000 a.in.bye', '9004 b.out.bye'])
  t.match(plan.events[2]!.attributes, { 'maskline.detail': 'ringback' })
})

t.test('a caller who gives up ends the try with a CANCEL', async (t) => {
  const plan = planOfCall(call(['0 a.in.invite', '2 lookup connect', '3 record', '3 state dialling', '3 b.out.invite 1', '50 b.in.status 180', '50 state ringing', '700 a.in.cancel', '700 b.out.cancel', '701 state ended', '702 end caller_cancelled'], { result: 'client_error', reason: 'caller_cancelled' }), 'way')
  t.same(drawn(plan).slice(2), ['  open record 2-3', '  reach 3-701', '    try 3-700', '      ringing 50-700', '  end 701-702'])
  t.notHas(named(plan, 'try')[0]!.attributes, { 'maskline.sip.status_code': 487 })
  t.notOk(plan.failed, 'nobody\'s fault')
})

t.test('an app first, then the phone; busy is no fault', async (t) => {
  const plan = planOfCall(call(['0 a.in.invite', '1 lookup connect', '1 state dialling', '1 b.out.invite 0', '15001 b.out.invite 1', '15100 b.in.status 486', '15101 state ended', '15102 end busy'], { result: 'client_error', reason: 'busy' }), 'way')
  t.same(named(plan, 'try').map(({ from, to, failed, attributes }) => [from - 1_000_000, to - 1_000_000, failed, attributes['maskline.gateway'], attributes['maskline.trunk.id']]), [[1, 15001, false, 0, undefined], [15001, 15100, false, 1, 'way']])
})

t.test('a call of the shop rings A, then B', async (t) => {
  const plan = planOfCall(call([
    '2 record', '3 gate allow', '5 media embedded', '6 a.out.invite 1', '400 a.in.status 200', '400 a.out.ack', '401 prompt.a accept', '2000 accept.a yes', '2001 b.out.invite 1', '2100 b.in.status 180', '3000 b.in.status 200',
    '3000 b.out.ack', '3005 state talking', '8000 b.in.bye', '8002 a.out.bye', '8003 end callee_hung_up'
  ], { caller: 'shop' }), 'way')
  t.same(drawn(plan), ['call 0-8003', '  open record 0-2', '  gate 2-3', '  media 3-5', '  try 6-400', '  try 2001-3000', '    ringing 2100-3000', '  talk 3005-8000', '  end 8000-8003'])
  t.same(named(plan, 'try').map(({ attributes }) => [attributes['maskline.side'], attributes['maskline.try']]), [['a', 1], ['b', 1]])
})

t.test('a code, an announcement, a fault of ours', async (t) => {
  const asked = planOfCall(call(['0 a.in.invite', '1 lookup unknown', '2 state asking', '3 a.out.status 200', '3 prompt.a ask-code', '5000 code.a refused', '5001 state announcing', '5001 prompt.a unavailable', '8000 state ended', '8001 end code_refused']), 'way')
  t.same(drawn(asked).slice(2), ['  ask for code 2-5001', '  announce 5001-8000', '  end 8000-8001'])
  t.match(asked.events.at(-2), { name: 'code.a', attributes: { 'maskline.detail': 'refused' } })
  const broken = planOfCall({ ...call(['0 a.in.invite', '800 a.out.status 503', '800 state ended', '801 end store_unavailable']), result: 'server_error', reason: 'store_unavailable' }, 'way')
  t.ok(broken.failed)
  t.match(broken.attributes, { 'error.type': 'store_unavailable' })
  t.same(drawn(planOfCall(call([]), 'way')), ['call 0-0'], 'nothing happened')
})

t.test('a request has its pattern, its status and its id, nothing of what was asked', async (t) => {
  const answer = { requestId: 'bcdfghjkmnpq', method: 'GET', route: '/v1/deliveries/:id', status: 200, ms: 12.5 }
  t.match(planOfRequest(answer, 2000), { name: 'GET /v1/deliveries/:id', kind: 'server', from: 1987.5, to: 2000, failed: false, attributes: { 'http.route': '/v1/deliveries/:id', 'http.response.status_code': 200, 'maskline.request.id': 'bcdfghjkmnpq' } })
  t.match(planOfRequest({ ...answer, status: 503, code: 'store_unavailable' }, 2000), { failed: true, attributes: { 'error.type': 'store_unavailable' } })
  t.match(planOfRequest({ ...answer, method: '+46701740605', route: 'none', status: 404, code: 'not_found' }, 2000), { name: '_OTHER', failed: false })
  t.notOk('error.type' in planOfRequest({ ...answer, status: 404, code: 'not_found' }, 2000).attributes, 'a refusal is no fault')
})
