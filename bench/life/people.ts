import { createGateway, createPhone, type Gateway, type Phone, type PhoneCall } from '../../src/embedded/phone/index.js'
import { sampleRate, tonePower, energy } from '../../src/media/rtp/tone.js'

/** Somebody with a phone and a tone of their own, by which everybody who hears them knows them. */
export interface Person {
  readonly index: number
  /** E.164, reserved for fiction. */
  readonly number: string
  /** Hz. */
  readonly tone: number
  readonly phone: Phone
}

/** Everybody, and the carrier's two gateways between them and the application. */
export interface People {
  readonly all: readonly Person[]
  /** Through here come calls from a trunk whose unknown callers are sent away, and all calls go out. */
  readonly plain: Gateway
  /** Calls from here come from a trunk whose unknown callers are asked for a code. */
  readonly asking: Gateway
  /** Everything that still goes on in the phones. */
  busy(): number
  close(): Promise<void>
}

export const plainHost = '127.0.0.1'
export const askingHost = '127.0.0.2'
/** Tones lie this far apart (Hz), all of them within what a phone carries: a window of 200 ms tells 5 Hz. */
const [lowestTone, toneStep] = [480, 30]
/** The two before stand in the words with which the application greets. */
const firstNumber = 607
/** There are so many numbers for people in fiction, +46701740607 to 699. */
const mostPeople = 93
/** Enough for some five calls a second. */
const fewPeople = 44
/** A phone answers repeated messages of calls that are over for 32 s (RFC 3261 §17); later it may forget them. */
const remembersMs = 45_000

/** @param count from 10 to 93 */
export async function people(count = fewPeople): Promise<People> {
  if (!Number.isInteger(count) || count < 10 || count > mostPeople) throw new Error(`There are 10 to ${mostPeople} people.`)
  const [plain, asking] = await Promise.all([createGateway({ host: plainHost }), createGateway({ host: askingHost })])
  const all = await Promise.all(Array.from({ length: count }, async (_, index): Promise<Person> => {
    const number = `+46701740${firstNumber + index}`
    return { index, number, tone: toneOf(index), phone: await createPhone({ number }) }
  }))
  for (const gateway of [plain, asking]) gateway.register(...all.map(({ phone }) => phone))
  const forgetting = setInterval(() => all.forEach(({ phone }) => phone.forget(performance.now() - remembersMs)), 5000)
  return {
    all, plain, asking,
    busy: () => all.reduce((sum, { phone: { busy } }) => sum + busy.transactions + busy.dialogs + busy.timers, 0),
    async close() {
      clearInterval(forgetting)
      await Promise.all(all.map(({ phone }) => phone.close()))
      await Promise.all([plain.close(), asking.close()])
    }
  }
}

/** Hz. */
export const toneOf = (index: number): number => lowestTone + toneStep * index

const window = sampleRate / 5
/** A tone counts as heard when it is so much of what sounds in a window and in the next one; two voices at once share it. */
const share = 0.4

/** Whose tones sounded in what a phone heard during a call. */
export function heardIn(call: PhoneCall, all: readonly Person[]): Person[] {
  return call.audio === undefined ? [] : tonesIn(call.audio.ear.heard(), all)
}

export function tonesIn<T extends { readonly tone: number }>(samples: Int16Array, all: readonly T[]): T[] {
  const found = new Set<T>()
  let before: T[] = []
  for (let at = 0; at + window <= samples.length; at += window) {
    const piece = samples.subarray(at, at + window)
    const power = energy(piece)
    const now = power < 1e-4 ? [] : all.filter(({ tone }) => tonePower(tone, piece) / power > share)
    for (const person of now) if (before.includes(person)) found.add(person)
    before = now
  }
  return [...found]
}
