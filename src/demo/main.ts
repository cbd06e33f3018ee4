/**
 * One delivery from its line to its end, played by two phones over real sockets: `npm run demo`.
 * Ends with 0 when everything was as promised, with 1 otherwise, in under 30 seconds either way.
 */
import { within } from '../deadline.js'
import { MaskError } from '../errors.js'
import { PhoneError } from '../embedded/phone/index.js'
import { proof } from './proof.js'
import { lookOf } from '../cli/ladder.js'
import { createReport, type Report } from './report.js'
import { overScene, talkScene } from './scenes.js'
import { setStage, type Stage } from './stage.js'

const deadlineMs = 28_000
/** Long enough for two calls. */
const ttlSeconds = 10

async function play(stage: Stage, report: Report): Promise<void> {
  const { status, line } = await stage.askForLine(ttlSeconds)
  report.say()
  report.say(`  POST /v1/deliveries answers ${status} with the line ${line.number}, good for ${ttlSeconds} seconds.`)
  report.check('a line was given', status === 201)
  if (status !== 201) return
  await talkScene(stage, line, report, { title: '1  The courier calls the line', caller: 'courier', hangsUp: 'courier' })
  await talkScene(stage, line, report, { title: '2  The customer calls the same number back', caller: 'customer', hangsUp: 'courier' })
  await overScene(stage, line, report)
  proof(stage, report)
}

function sentenceFor(error: unknown): string {
  if (error instanceof MaskError) return error.code === 'config_invalid' ? String(error.cause) : error.message
  if (error instanceof PhoneError) return `A phone ${error.message}.`
  return `The demo failed (${error instanceof Error ? error.name : 'unknown error'}).`
}

const report = createReport((text) => process.stdout.write(text), lookOf(process.stdout, process.env))
let stage: Stage | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(1))
try {
  report.title('Maskline: one delivery, two phones, and neither sees the other\'s number')
  report.say('  Real SIP and RTP on this machine; every number is reserved for fiction.')
  stage = await within(deadlineMs - performance.now(), setStage(process.env), 'deadline_exceeded', (late) => void late.close())
  await within(deadlineMs - performance.now(), play(stage, report))
} catch (error) {
  report.check(sentenceFor(error), false)
}
report.say()
report.say(`  ${report.kept} promises kept, ${report.broken} broken, in ${(performance.now() / 1000).toFixed(1)} s`)
await leave(report.broken === 0 ? 0 : 1)

/** Whatever still holds a socket after this has had its time. */
async function leave(code: number): Promise<never> {
  await within(1500, stage?.close() ?? Promise.resolve()).catch(() => undefined)
  process.exit(code)
}
