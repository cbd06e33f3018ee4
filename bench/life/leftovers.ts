import { setTimeout as sleep } from 'node:timers/promises'
import { recordKeys } from '../../src/record/row.js'
import type { Store } from '../../src/store/redis.js'
import type { Parts } from './parts.js'
import type { People } from './people.js'
import type { AppProcess } from './processes.js'

export type Left = Readonly<Record<string, number>>

/** Waits until nothing is in use any more. @returns what still is when the time is over; all zero is how it should be */
export async function leftovers(parts: Parts, people: People, withinMs: number): Promise<{ readonly left: Left, readonly idleAfterMs: number }> {
  const begun = performance.now()
  for (;;) {
    const left = await inUse(parts, people)
    const idleAfterMs = Math.round(performance.now() - begun)
    if (Object.values(left).every((count) => count === 0) || idleAfterMs > withinMs) return { left, idleAfterMs }
    await sleep(500)
  }
}

async function inUse(parts: Parts, people: People): Promise<Left> {
  const { apps, sip } = parts
  const ofApps = await Promise.all(apps.map(ofApp))
  const load = await parts.rtpengine()?.load()
  return {
    'phones': people.busy(),
    ...Object.assign({}, ...ofApps) as Left,
    ...(sip === undefined ? {} : named('SIP server: ', await sip.stats())),
    ...(load === undefined ? {} : named('rtpengine: ', { ...load })),
    ...await inRedis(parts)
  }
}

async function ofApp(app: AppProcess): Promise<Left> {
  const metrics = await app.metrics('maskline_in_use{')
  const found = Object.entries(metrics).map(([name, count]): [string, number] => [/part="(\w+)",what="(\w+)"/.exec(name)!.slice(1).join(' '), count])
  return named(`${app.name}: `, Object.fromEntries(found))
}

const named = (prefix: string, counts: Left): Left => Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}${name}`, count]))

/** Calls that are counted in anywhere, open records, and everything of deliveries that are over. */
async function inRedis(parts: Parts): Promise<Left> {
  const { store, shops } = parts
  const count = async (pattern: string): Promise<number> => (await namesOf(store, pattern)).size
  const open = async (): Promise<number> => (await Promise.all([shops.plain, shops.asks].map(({ id }) => store.call('ZCARD', recordKeys(id).open)))).reduce<number>((sum, one) => sum + Number(one), 0)
  return {
    'Redis: calls counted in': await countedIn(parts),
    'Redis: calls to be counted out': await count('ends:{life}:*'),
    'Redis: open records': await open(),
    'Redis: deliveries': await count('d:{life}:*'),
    'Redis: phones with a line': await count('b:{life}:*'),
    'Redis: holds of numbers': [...(await store.hgetall('held:{life}')).values()].reduce((sum, held) => sum + Number(held), 0),
    'Redis: codes': await count('code:{life}:*')
  }
}

async function namesOf(store: Store, pattern: string): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const batch of store.scan(pattern)) batch.forEach((name) => names.add(name))
  return names
}

/** Calls that count against the limits of their deliveries and shops, their callers and numbers. */
export async function countedIn({ store }: Parts): Promise<number> {
  let calls = 0
  for (const kind of ['calls', 'shop', 'live']) {
    for (const name of await namesOf(store, `${kind}:{life}:*`)) calls += Number(await store.call('ZCARD', name))
  }
  return calls
}
