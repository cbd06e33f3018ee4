/**
 * Can somebody tell by the clock what is behind a number? `npm run bench:uniform -- --calls 300`.
 * Calls of four classes (number unknown, not the caller's, long over, over for others) in random order against the whole
 * application; of each the milliseconds to 100, to 183 and between them, and of half as many, which wait for their end, those
 * from 183 to 480. For every pair of classes two classifiers, cross-validated: the best threshold of one feature and the nearest
 * neighbours in all. Prints JSON: accuracy with its interval (Wilson, 95 % for all twelve comparisons together). Half is chance; exits 1
 * when one is above 55 % with its whole interval.
 */
import { parseArgs } from 'node:util'
import { RawCaller, type RawResponse } from '../test/support/raw-caller.js'
import { classes, shortLines, strangers, type Class } from '../test/support/strangers.js'
import { startWhole } from '../test/support/whole.js'

const { values } = parseArgs({ options: { calls: { type: 'string', default: '300' } } })
const perClass = Number(values.calls)
const folds = 10
const neighbours = 15
const most = 0.55

interface Sample {
  readonly name: Class
  /** Milliseconds. */
  readonly features: readonly number[]
}

const endings: (() => Promise<void> | void)[] = []
try {
  const whole = await startWhole({ teardown: (end: () => Promise<void> | void) => { endings.push(end) } }, (config) => {
    shortLines(config)
    config.redis.commandTimeoutMs = 10_000
  })
  const caller = await RawCaller.open(whole.sipPort)
  endings.push(() => caller.close())
  const callers = await strangers(whole)
  // The first calls of a process are slower whoever makes them.
  for (const name of classes) for (let n = 0; n < 20; n++) await caller.call({ ...callers[name], impatient: true })
  const early = await collect(perClass, async (name) => opening(await caller.call({ ...callers[name], impatient: true })), 1)
  const late = await collect(Math.max(folds, Math.round(perClass / 2)), async (name) => last(await caller.call(callers[name])), 32)
  const pairs = classes.flatMap((a, at) => classes.slice(at + 1).map((b) => [a, b] as const))
  const results = pairs.map(([a, b]) => ({ pair: `${a} / ${b}`, setUp: judged(early, a, b), announcement: judged(late, a, b) }))
  process.stdout.write(`${JSON.stringify({ callsPerClass: { setUp: perClass, announcement: late.length / classes.length }, medianMs: Object.fromEntries(classes.map((name) => [name, medians(early, name)])), results }, null, 2)}\n`)
  const beaten = results.some(({ setUp, announcement }) => [setUp, announcement].some(({ interval }) => interval[0] > most))
  process.exitCode = beaten ? 1 : 0
} finally {
  for (const end of endings.reverse()) await end()
}

/** Samples in random order, so that a drift of the machine falls on all classes alike. */
async function collect(each: number, measure: (name: Class) => Promise<number[]>, atOnce: number): Promise<Sample[]> {
  const order = shuffled(classes.flatMap((name) => Array.from({ length: each }, () => name)))
  const samples: Sample[] = []
  const work = async (): Promise<void> => {
    for (let name = order.pop(); name !== undefined; name = order.pop()) samples.push({ name, features: await measure(name) })
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return samples
}

function opening(responses: readonly RawResponse[]): number[] {
  const [trying = 0, progress = 0] = [100, 183].map((status) => responses.find((response) => response.status === status)?.at)
  return [trying, progress, progress - trying]
}

function last(responses: readonly RawResponse[]): number[] {
  return [responses.at(-1)!.at - (responses.find(({ status }) => status === 183)?.at ?? 0)]
}

function medians(samples: readonly Sample[], name: Class): number[] {
  const own = samples.filter((sample) => sample.name === name)
  return own[0]!.features.map((_, feature) => Number(own.map(({ features }) => features[feature]!).sort((a, b) => a - b)[Math.floor(own.length / 2)]!.toFixed(2)))
}

interface Judged {
  readonly threshold: number
  readonly neighbours: number
  /** Of the better of the two. */
  readonly interval: readonly [number, number]
}

function judged(all: readonly Sample[], a: Class, b: Class): Judged {
  const samples = shuffled(all.filter(({ name }) => name === a || name === b))
  const scores = [threshold, nearest].map((train) => Array.from({ length: folds }, (_, fold) => {
    const guess = train(samples.filter((_sample, at) => at % folds !== fold), a, b)
    return samples.filter((sample, at) => at % folds === fold && guess(sample) === sample.name).length
  }).reduce((sum, right) => sum + right, 0))
  return { threshold: round(scores[0]! / samples.length), neighbours: round(scores[1]! / samples.length), interval: wilson(Math.max(...scores), samples.length) }
}

/** The feature, place and direction that split the training samples best. */
function threshold(training: readonly Sample[], a: Class, b: Class): (sample: Sample) => Class {
  let best = { right: -1, feature: 0, at: 0, below: a }
  training[0]!.features.forEach((_, feature) => {
    const sorted = [...training].sort((one, two) => one.features[feature]! - two.features[feature]!)
    const total = sorted.filter(({ name }) => name === a).length
    let seen = 0
    sorted.forEach(({ name, features }, at) => {
      seen += Number(name === a)
      // Those up to here are `a`, the rest `b`; or the other way round.
      const right = seen + (sorted.length - at - 1) - (total - seen)
      if (right > best.right) best = { right, feature, at: features[feature]!, below: a }
      if (sorted.length - right > best.right) best = { right: sorted.length - right, feature, at: features[feature]!, below: b }
    })
  })
  return ({ features }) => features[best.feature]! <= best.at ? best.below : best.below === a ? b : a
}

/** Most of the nearest, each feature measured by its spread. */
function nearest(training: readonly Sample[], a: Class, b: Class): (sample: Sample) => Class {
  const spread = training[0]!.features.map((_, feature) => {
    const sorted = training.map((one) => one.features[feature]!).sort((one, two) => one - two)
    return Math.max(0.001, sorted[Math.floor(sorted.length * 0.75)]! - sorted[Math.floor(sorted.length * 0.25)]!)
  })
  const distance = (one: Sample, two: Sample): number => one.features.reduce((sum, value, feature) => sum + ((value - two.features[feature]!) / spread[feature]!) ** 2, 0)
  return (sample) => {
    const near = training.map((one) => ({ name: one.name, far: distance(one, sample) })).sort((one, two) => one.far - two.far).slice(0, neighbours)
    return near.filter(({ name }) => name === a).length > near.length / 2 ? a : b
  }
}

function wilson(right: number, total: number): [number, number] {
  const [z, p] = [2.87, right / total]
  const centre = (p + z * z / (2 * total)) / (1 + z * z / total)
  const half = z * Math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
  return [round(centre - half), round(centre + half)]
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

function shuffled<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ item }) => item)
}
