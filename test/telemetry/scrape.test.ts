import t from 'tap'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { errorTable } from '../../src/errors.js'
import { reasons } from '../../src/call/termination.js'
import { stage, courierNumber, customerNumber } from '../e2e/stage.js'

interface Rules { groups: { rules: { record?: string, alert?: string, expr: string }[] }[] }
interface Dashboard { panels: { targets: { expr: string }[] }[] }

const deploy = (path: string): string => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')
const rules = (parse(deploy('prometheus/alerts.yml')) as Rules).groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(deploy('grafana/maskline.json')) as Dashboard
const recorded = new Set(rules.flatMap(({ record }) => record === undefined ? [] : [record]))

/** Where a label's value comes from. A label that is not here has no list, and the test fails. */
const word = /^[a-z][a-z0-9_]{0,31}$/i
const lists: Record<string, RegExp | readonly string[]> = {
  le: /^(\+Inf|[\d.e+-]+)$/, quantile: /^[\d.]+$/,
  part: word, what: word, cap: word, purpose: word, class: word, kind: word, space: word, type: word, version: /^v\d+\.\d+\.\d+$/, major: /^\d+$/, minor: /^\d+$/, patch: /^\d+$/,
  result: ['success', 'failure', 'completed', 'failed', 'client_error', 'server_error', 'upstream_error', 'indeterminate'],
  reason: reasons, code: Object.keys(errorTable), outcome: word, party: ['courier', 'customer'], state: word,
  direction: ['in', 'out'], status: /^([1-6]xx|200|408|48[067]|50[034]|60[03])$/,
  method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'], route: /^(none|\*|\/[A-Za-z0-9/:_.*-]*)$/
}

t.test('a real scrape after a call: what the dashboard and the alerts name is there, labels are from lists, no number', async (t) => {
  const play = await stage(t)
  await play.api('PATCH', '/v1/settings', { callsAtOnce: 1 })
  const line = await play.line()
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  await call.hangUp()
  await play.endedCalls(line.id, 1)
  await play.idle()
  await play.api('GET', `/v1/deliveries/${courierNumber}`)
  await play.api('GET', `/nowhere/${customerNumber}`)
  const text = await play.metrics()

  const names = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) => type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]))
  const named = [...rules, ...dashboard.panels.flatMap(({ targets }) => targets)].flatMap(({ expr }) => expr.match(/maskline[\w:]*/g) ?? [])
  t.ok(named.length > 20)
  for (const name of named) t.ok(names.has(name) || recorded.has(name), name)

  const pools = play.config.pools.map(({ id }) => id)
  for (const [, label, value] of text.matchAll(/[{,](\w+)="((?:[^"\\]|\\.)*)"/g)) {
    const list = label === 'pool' ? pools : lists[label!]
    if (list === undefined || !(list instanceof RegExp ? list.test(value!) : list.includes(value!))) t.fail(`${label}="${value}" is in no list`)
  }
  for (const secret of [courierNumber, customerNumber, line.number].map((number) => number.slice(1))) t.notOk(text.includes(secret), 'no number')
  t.notOk(text.includes(line.id), 'no delivery')

  for (const wanted of [
    /^maskline_sip_invites_total\{direction="in",status="200"\} 1$/m, /^maskline_sip_invites_total\{direction="out",status="200"\} 1$/m,
    /^maskline_sip_session_request_delay_seconds_count\{direction="out",result="success"\} 1$/m,
    /^maskline_sip_sessions_total\{direction="in",result="completed"\} 1$/m, /^maskline_sip_sessions_total\{direction="out",result="completed"\} 1$/m,
    /^maskline_sip_session_disconnect_delay_seconds_count\{result="success"\} 1$/m,
    /^maskline_http_request_seconds_count\{method="POST",route="\/v1\/deliveries",status="2xx"\} 1$/m,
    /^maskline_pool_numbers\{pool="[^"]+",state="in_service"\} 100$/m, /^maskline_pool_deliveries\{pool="[^"]+",state="live"\} 1$/m,
    /^maskline_caps_total\{cap="calls_at_once",state="near"\} 1$/m,
    /^maskline_pool_exhausted_in_hours\{pool="[^"]+"\} \+Inf$/m
  ]) t.match(text, wanted)
})
