import { dayOf } from '../day.js'
import { canonicalJson } from '../canonical.js'
import type { Hold, Holds } from '../retention/types.js'
import type { Task, Worker } from './work.js'

/** What lasts when nobody says how long. */
const defaultMs = 30 * 86_400_000

/**
 * Art. 18: the calls of this person that are stored now are neither shown nor deleted until the restriction ends. It is
 * a hold like others, by the pseudonyms of each day, because there is no other name for a person here.
 */
export const restriction: Worker = async ({ calls, shelf, holds, clock }, task, told) => {
  const { shopId, phone, actorId, roles, reason } = task
  const pseudonyms = await calls.pseudonyms(shopId, phone)
  const [covered, today] = [new Map<string, readonly string[]>(), dayOf(clock())]
  let [done, count] = [0, 0]
  for (const [day, pseudonym] of pseudonyms) {
    await told(done++, pseudonyms.size)
    const rows = await shelf.ofPerson(shopId, day, pseudonym)
    count += rows.length
    // Today's may still grow.
    if (rows.length > 0 || day === today) covered.set(day, [pseudonym])
  }
  await told(pseudonyms.size, pseudonyms.size)
  const scope = { pseudonyms: Object.fromEntries(covered) }
  const hold = await madeBefore(holds, task, scope) ?? await holds.create({
    shopId, kind: 'restriction', reason, actor: { id: actorId, roles }, scope,
    endsAt: task.endsAt ?? clock() + defaultMs
  })
  return {
    state: 'done',
    result: { restriction: { holdId: hold.id, calls: count, days: covered.size, endsAt: hold.endsAt } },
    summary: `hold ${hold.id}: ${count} calls on ${covered.size} days`
  }
}

/** The hold that this request made before its process died. */
async function madeBefore(holds: Holds, { shopId, createdAt, actorId, reason }: Task, scope: Hold['scope']): Promise<Hold | undefined> {
  return (await holds.list(shopId)).find((hold) =>
    hold.kind === 'restriction' && hold.createdAt >= createdAt && hold.authorId === actorId && hold.reason === reason && canonicalJson(hold.scope) === canonicalJson(scope))
}
