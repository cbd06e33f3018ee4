import { otherParty } from '../../line/people.js'
import type { PersonLine } from '../../line/types.js'
import type { TraceStep } from '../trace.js'
import type { PersonCall } from '../types.js'
import type { ClassContent, OwnCall, OwnDelivery, PersonAccess } from './types.js'
import type { RightsWork, Task, Told, Worker } from './work.js'

/** Art. 15: everything that is stored about this person, and nothing about the other one but the role. */
export const access: Worker = async (work, task, told) => {
  const found = await gather(work, task, told)
  const result: PersonAccess = { classes: await classesOf(work, task, found), calls: found.calls, deliveries: found.lines.map(ownDelivery) }
  return { state: 'done', result: { access: result }, summary: `${found.calls.length} calls, ${found.lines.length} deliveries` }
}

/** Art. 20: what the person gave or did, without what others did or what we concluded. */
export const portability: Worker = async (work, task, told) => {
  const { calls, lines } = await gather(work, task, told)
  const own = calls.filter(({ startedBy }) => startedBy === 'you')
  return {
    state: 'done',
    result: {
      export: {
        format: 'maskline-person-export',
        version: 1,
        calls: own.map(({ role, startedAt, endedAt, ringMs, talkMs, result }) => ({
          role, startedAt,
          ...(endedAt === undefined ? {} : { endedAt }),
          ...(ringMs === undefined ? {} : { ringMs }),
          ...(talkMs === undefined ? {} : { talkMs }),
          ...(result === undefined ? {} : { result })
        })),
        deliveries: lines.map(({ party, delivery: { state, createdAt, expiresAt } }) => ({ ...(party === undefined ? {} : { role: party }), state, createdAt, expiresAt }))
      }
    },
    summary: `${own.length} calls, ${lines.length} deliveries`
  }
}

interface Found {
  readonly calls: OwnCall[]
  readonly lines: PersonLine[]
  readonly callIds: string[]
  readonly deliveryIds: string[]
}

/** All calls of the days whose key is alive, and the deliveries that hold the phone now. */
async function gather({ calls: personCalls, lines, recordings }: RightsWork, { shopId, phone }: Task, told: Told): Promise<Found> {
  const total = (await personCalls.pseudonyms(shopId, phone)).size
  const [calls, ids, deliveries] = [new Array<OwnCall>(), new Array<string>(), new Set<string>()]
  let done = 0
  await told(done, total)
  for await (const day of personCalls.calls(shopId, phone)) {
    const recorded = new Set(await recordings.ofDay(shopId, day.day))
    for (const call of day.calls) {
      ids.push(call.id)
      deliveries.add(call.deliveryId)
      calls.push(ownCall(call, recorded.has(call.id)))
    }
    await told(++done, total)
  }
  await told(total, total)
  const own = await lines.ofPerson(shopId, phone)
  for (const { delivery } of own) deliveries.add(delivery.id)
  return { calls, lines: own, callIds: ids, deliveryIds: [...deliveries] }
}

/** Caller and whoever is rung first are `a`. */
function sideOf({ party, startedBy, callee }: PersonCall): 'a' | 'b' {
  return (startedBy === 'shop' ? callee !== party : startedBy === party) ? 'a' : 'b'
}

function ownSteps(call: PersonCall): TraceStep[] {
  const other = sideOf(call) === 'a' ? /^b\.|\.b$/ : /^a\.|\.a$/
  return call.steps.filter(({ what }) => !other.test(what))
}

function ownCall(whole: PersonCall, recorded: boolean): OwnCall {
  const { party, startedBy, startedAt, state, ...call } = whole
  return {
    role: party,
    otherParty: otherParty(party),
    startedBy: startedBy === 'shop' ? 'shop' : startedBy === party ? 'you' : 'other',
    startedAt, state, recorded,
    ...(call.answeredAt === undefined ? {} : { answeredAt: call.answeredAt }),
    ...(call.endedAt === undefined ? {} : { endedAt: call.endedAt }),
    ...(call.ringMs === undefined ? {} : { ringMs: call.ringMs }),
    ...(call.talkMs === undefined ? {} : { talkMs: call.talkMs }),
    ...(call.result === undefined ? {} : { result: call.result }),
    ...(call.reason === undefined ? {} : { reason: call.reason }),
    steps: ownSteps(whole)
  }
}

function ownDelivery({ party, delivery: { state, number, direction, createdAt, expiresAt, quarantineUntil } }: PersonLine): OwnDelivery {
  return { ...(party === undefined ? {} : { role: party }), state, number, direction, createdAt, expiresAt, quarantineUntil }
}

/** Every class with its period, and how much of it is about this person. */
async function classesOf({ retention, others }: RightsWork, { shopId }: Task, { calls, lines, callIds, deliveryIds }: Found): Promise<ClassContent[]> {
  const live = lines.filter(({ delivery }) => delivery.state === 'live').length
  const counts: Partial<Record<ClassContent['name'], number>> = {
    mapping: live, quarantine: lines.length - live, record: calls.length, recording: calls.filter(({ recorded }) => recorded).length
  }
  for (const other of others) counts[other.name] = (counts[other.name] ?? 0) + await other.count(shopId, { callIds, deliveryIds })
  return (await retention.classes(shopId)).map(({ name, purpose, legalBasis, periodSeconds, startEvent }) => ({ name, purpose, legalBasis, periodSeconds, startEvent, count: counts[name] ?? null }))
}
