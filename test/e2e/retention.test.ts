import t from 'tap'
import type { RetentionAnswer, RunAnswer } from '../../src/http/retention-schemas.js'
import { startWhole, until } from '../support/whole.js'

const { app, api } = await startWhole(t)
const metrics = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${app.metricsPort}/metrics`)).text()

t.test('a process that starts deletes what is due by itself, and says so', async (t) => {
  const health = async (): Promise<RetentionAnswer['health']> => ((await api('GET', '/v1/retention')).body as unknown as RetentionAnswer).health
  const first = await until(async () => (await health()).lastRunAt, 'the first run')
  t.ok(Math.abs(Date.parse(first) - Date.now()) < 60_000)
  t.match(await health(), { state: 'ok', failures: 0 })
  t.match((await api('GET', '/v1/retention/runs')).body, { runs: [{ cause: 'interval', state: 'done' }] })
  t.match(await metrics(), /^maskline_retention_runs_total\{state="done"\} [2-9]/m, 'the shop and the installation')
  t.match(await metrics(), /^maskline_retention_failing 0$/m)
})

t.test('a run by hand goes over everything that is kept', async (t) => {
  const run = (await api('POST', '/v1/retention/runs')).body as unknown as RunAnswer
  t.same(run.classes.map(({ name }) => name).sort(), ['audit', 'mapping', 'quarantine', 'record', 'recording', 'statistics', 'webhook'], 'every class of which something can lie somewhere')
  t.ok(run.classes.every(({ failed }) => failed === 0))
})
