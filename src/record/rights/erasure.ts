import { coveringOf } from '../retention/covering.js'
import type { Covering, Hold } from '../retention/types.js'
import type { RowFacts } from '../types.js'
import type { ClassErased, Erasure } from './types.js'
import type { RightsWork, Task, Told, Worker } from './work.js'

/**
 * Art. 17: everything of this person goes, but what a legal hold keeps (Art. 17(3)(e)). A restriction that the person
 * asked for earlier does not stand against the person. May be broken off anywhere and begun again.
 */
export const erasure: Worker = async (work, task, told) => {
  const pseudonyms = await work.calls.pseudonyms(task.shopId, task.phone)
  const counts = new Counts()
  const traces: Traces = { callIds: [], deliveryIds: new Set() }
  // The deliveries first, so that no more calls come of them.
  await eraseLines(work, task, pseudonyms, counts, traces)
  await eraseRows(work, task, pseudonyms, counts, traces, told)
  for (const other of work.others) counts.erased(other.name, await other.erase(task.shopId, { callIds: traces.callIds, deliveryIds: [...traces.deliveryIds] }))
  await eraseResults(work, task, counts)
  const result: Erasure = { classes: counts.list(), ...await refusalOf(work, task, pseudonyms, counts) }
  return { state: counts.anyHeld && !counts.anyErased ? 'refused' : 'done', result: { erasure: result }, summary: counts.summary() }
}

interface Traces {
  readonly callIds: string[]
  readonly deliveryIds: Set<string>
}

/** Records, with the recordings of the same calls. */
async function eraseRows(work: RightsWork, task: Task, pseudonyms: ReadonlyMap<string, string>, counts: Counts, { callIds, deliveryIds }: Traces, told: Told): Promise<void> {
  const { shelf, recordings } = work
  const { shopId } = task
  const [duty, now] = [await work.retention.period(shopId, 'statutory'), work.clock()]
  let done = 0
  for (const [day, pseudonym] of pseudonyms) {
    await told(done++, pseudonyms.size)
    const rows = await shelf.ofPerson(shopId, day, pseudonym)
    if (rows.length === 0) continue
    // Asked for every day anew: a hold may have come while we were at work.
    const covering = coveringOf(await against(work, task, pseudonyms))
    const free = rows.filter((row) => !covering.covers(row) && !(dutyEndsAt(row, duty) > now))
    counts.held('record', rows.length - free.length)
    for (const row of rows) if (dutyEndsAt(row, duty) > now) counts.duty(dutyEndsAt(row, duty))
    const recorded = new Set(await recordings.ofDay(shopId, day))
    for (const row of free) {
      if (recorded.has(row.id) && await recordings.remove(shopId, row.id)) counts.erased('recording', 1)
      callIds.push(row.id)
      deliveryIds.add(row.deliveryId)
    }
    counts.erased('record', await shelf.remove(shopId, day, free.map(({ id }) => id)))
  }
  await told(pseudonyms.size, pseudonyms.size)
}

/** Until when a law asks the shop to keep a record (Art. 17(3)(b)); 0 where none does. @param duty seconds, null when there is none */
function dutyEndsAt({ startedAt }: RowFacts, duty: number | null): number {
  return duty === null ? 0 : startedAt + duty * 1000
}

async function refusalOf(work: RightsWork, task: Task, pseudonyms: ReadonlyMap<string, string>, counts: Counts): Promise<Pick<Erasure, 'refused'>> {
  if (!counts.anyHeld) return {}
  if (counts.dutyEndsAt > 0) return { refused: { reason: 'legal_obligation', endsAt: counts.dutyEndsAt } }
  const holds = await against(work, task, pseudonyms)
  return { refused: { reason: 'legal_hold', endsAt: Math.max(work.clock(), ...holds.map(({ endsAt }) => endsAt)) } }
}

/** The phone in deliveries that are live or in quarantine. */
async function eraseLines(work: RightsWork, task: Task, pseudonyms: ReadonlyMap<string, string>, counts: Counts, { deliveryIds }: Traces): Promise<void> {
  const { lines } = work
  const covering = coveringOf(await against(work, task, pseudonyms))
  const heldAsPerson = isHeld(covering, pseudonyms)
  for (const { delivery } of await lines.ofPerson(task.shopId, task.phone)) {
    const name = delivery.state === 'live' ? 'mapping' : 'quarantine'
    if (heldAsPerson || covering.deliveries.has(delivery.id)) counts.held(name, 1)
    else if (await lines.forget(task.shopId, delivery.id, task.phone)) {
      counts.erased(name, 1)
      deliveryIds.add(delivery.id)
    }
  }
}

/** What earlier requests of this person have brought to light; the requests themselves go within a day. */
async function eraseResults({ requests }: RightsWork, { id, shopId, phone }: Task, counts: Counts): Promise<void> {
  for (const { result, ...other } of await requests.ofPerson(shopId, phone)) {
    if (other.id === id || (result?.access === undefined && result?.export === undefined)) continue
    await requests.save(other)
    counts.erased('requests', 1)
  }
}

/** The holds that stand against an erasure for this person. */
async function against({ holds }: RightsWork, { shopId }: Task, pseudonyms: ReadonlyMap<string, string>): Promise<Hold[]> {
  return (await holds.list(shopId)).filter((hold) => !isOwnRestriction(hold, pseudonyms))
}

function isOwnRestriction({ kind, scope }: Hold, pseudonyms: ReadonlyMap<string, string>): boolean {
  if (kind !== 'restriction' || !('pseudonyms' in scope)) return false
  return Object.entries(scope.pseudonyms).every(([day, ids]) => ids.every((id) => pseudonyms.get(day) === id))
}

function isHeld(covering: Covering, pseudonyms: ReadonlyMap<string, string>): boolean {
  return [...pseudonyms].some(([day, pseudonym]) => covering.pseudonyms.get(day)?.has(pseudonym))
}

/** Pieces by class. */
class Counts {
  dutyEndsAt = 0
  readonly #classes = new Map<ClassErased['name'], { erased: number, held: number }>(
    (['mapping', 'quarantine', 'record', 'recording', 'webhook', 'requests'] as const).map((name) => [name, { erased: 0, held: 0 }])
  )

  erased(name: ClassErased['name'], count: number): void {
    this.#of(name).erased += count
  }

  held(name: ClassErased['name'], count: number): void {
    this.#of(name).held += count
  }

  /** A law asks to keep something until a time (Unix ms). */
  duty(endsAt: number): void {
    this.dutyEndsAt = Math.max(this.dutyEndsAt, endsAt)
  }

  get anyHeld(): boolean {
    return [...this.#classes.values()].some(({ held }) => held > 0)
  }

  get anyErased(): boolean {
    return [...this.#classes.values()].some(({ erased }) => erased > 0)
  }

  list(): ClassErased[] {
    return [...this.#classes].map(([name, counts]) => ({ name, ...counts }))
  }

  summary(): string {
    return this.list().map(({ name, erased, held }) => `${name} ${erased}${held > 0 ? ` (${held} held)` : ''}`).join(', ')
  }

  #of(name: ClassErased['name']): { erased: number, held: number } {
    const counts = this.#classes.get(name) ?? { erased: 0, held: 0 }
    this.#classes.set(name, counts)
    return counts
  }
}
