import type { IncomingCall, OutgoingCall, Phone } from '../embedded/phone/index.js'
import { createSounds } from '../media/sounds.js'
import { drawLadder, type LadderColumn, type Rung } from '../cli/ladder.js'
import type { Report } from './report.js'
import type { Line, Stage } from './stage.js'
import { note, rungsOf, startOf } from './story.js'

/** What each says while the two talk, in Hz. */
const tones = { courier: 440, customer: 660 } as const
const ringing = 425
type Role = keyof typeof tones
const columnOf: Readonly<Record<Role, number>> = { courier: 0, customer: 2 }
const lineColumn = 1
const otherOf = (role: Role): Role => role === 'courier' ? 'customer' : 'courier'

/** One call from one party to the other, with all that has to hold in it. */
interface TalkScene {
  readonly title: string
  readonly caller: Role
  readonly hangsUp: Role
}

/** Someone watching wants to follow. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })

export async function talkScene(stage: Stage, line: Line, report: Report, { title, caller, hangsUp }: TalkScene): Promise<void> {
  const callee = otherOf(caller)
  report.title(title)
  const out = stage[caller].call(line.number, { via: stage.gateway.uri })
  const into = await stage[callee].nextCall()
  const start = startOf(out, into)
  const notes: Rung[] = [note(columnOf[callee], `rings, shows ${into.shown ?? 'nobody'}`, start)]
  await into.ring()
  const heardRinging = await out.ringing().then(() => out.hears(ringing))
  notes.push(note(columnOf[caller], heardRinging ? `hears ringing, ${ringing} Hz` : 'hears no ringing', start))
  await pause(600)
  await into.answer()
  await out.answered()
  const heard = await exchangeTones(out, into, caller, notes, start)
  await pause(600)
  await (hangsUp === caller ? out : into).hangUp()
  const [callerEnd, calleeEnd] = [await out.ended(), await into.ended()]
  report.say(drawLadder(columnsFor(stage, line), [...rungsOf(out, columnOf[caller], lineColumn, start), ...rungsOf(into, columnOf[callee], lineColumn, start), ...notes], report.look).join('\n'))
  report.check(`the ${callee}'s phone shows the line, ${line.number}`, into.shown === line.number)
  report.check(`the ${caller} hears ringing`, heardRinging)
  report.check(`the ${caller} hears the ${callee} (${tones[callee]} Hz), the ${callee} the ${caller} (${tones[caller]} Hz)`, heard)
  report.check(`the ${hangsUp} hangs up and the ${otherOf(hangsUp)}'s call ends`, (hangsUp === caller ? calleeEnd : callerEnd).by === 'them')
}

async function exchangeTones(out: OutgoingCall, into: IncomingCall, caller: Role, notes: Rung[], start: number): Promise<boolean> {
  const callee = otherOf(caller)
  out.say(tones[caller])
  into.say(tones[callee])
  const [callerHears, calleeHears] = await Promise.all([out.hears(tones[callee]), into.hears(tones[caller])])
  notes.push(note(columnOf[caller], callerHears ? `hears ${tones[callee]} Hz` : 'hears nothing', start))
  notes.push(note(columnOf[callee], calleeHears ? `hears ${tones[caller]} Hz` : 'hears nothing', start))
  return callerHears && calleeHears
}

/** After the end: the next call hears that it is over, and nobody's phone rings. */
export async function overScene(stage: Stage, line: Line, report: Report): Promise<void> {
  const left = Date.parse(line.expiresAt) - Date.now() + 100
  if (left > 0) {
    report.say(`\n  Waiting ${(left / 1000).toFixed(1)} s for the delivery to expire.`)
    await pause(left)
  }
  report.title('3  The delivery is over, and the courier calls again')
  const rung = stage.customer.calls.length
  const call = stage.courier.call(line.number, { via: stage.gateway.uri })
  await call.ringing(5000, 183)
  const start = startOf(call)
  const speaks = await call.hearsSomething()
  const notes: Rung[] = [note(columnOf.courier, speaks ? 'hears a voice' : 'hears nothing', start)]
  const ending = await call.ended(15_000)
  const understood = heardOver(call)
  notes.push({ kind: 'note', at: performance.now() - start - 1, column: columnOf.courier, text: understood ? '"This delivery is over"' : 'cannot understand it' })
  report.say(drawLadder(columnsFor(stage, line), [...rungsOf(call, columnOf.courier, lineColumn, start), ...notes], report.look).join('\n'))
  report.check('the courier hears that the delivery is over', understood)
  report.check('the call is refused with 410 Gone, so nobody pays for it', ending.status === 410)
  report.check('the customer\'s phone stays quiet', stage.customer.calls.length === rung && stage.customer.waiting === 0)
}

/** Whether the announcement was that of a delivery which is over, and not the one for strangers. */
function heardOver(call: OutgoingCall): boolean {
  const sounds = createSounds()
  const [over, unavailable] = (['over', 'unavailable'] as const).map((prompt) => call.likeness(sounds.pcm(prompt, 'en') ?? new Int16Array()))
  return over! > 0.9 && unavailable! < over!
}

function columnsFor({ courier, customer }: Stage, line: Line): LadderColumn[] {
  const phone = (title: string, { number }: Phone): LadderColumn => ({ title, subtitle: number })
  return [phone('Courier', courier), { title: 'Maskline', subtitle: line.number }, phone('Customer', customer)]
}
