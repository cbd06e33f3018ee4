import type { E164 } from '../phone/types.js'
import { readRows, type CallLogOptions } from './log.js'
import { dayScope, pseudonymOf } from './pseudonyms.js'
import { readRow, recordKeys, stepsOf } from './row.js'
import { idsOfPerson } from './shelf.js'
import type { PersonCall, PersonCalls, RowFacts } from './types.js'

/** Finds a person's calls without a table of numbers: by recomputing what stands in the rows. */
export function createPersonCalls(options: Omit<CallLogOptions, 'restricted'>): PersonCalls {
  const { store, ring } = options
  const pseudonyms = async function * (shopId: string, phone: E164): AsyncGenerator<[day: string, pseudonym: string]> {
    for (const day of await store.zrange(recordKeys(shopId).days)) {
      const key = await ring.find(dayScope(shopId, day))
      if (key) yield [day, pseudonymOf(key, phone)]
    }
  }
  return {
    async pseudonyms(shopId, phone) {
      const found = new Map<string, string>()
      for await (const [day, pseudonym] of pseudonyms(shopId, phone)) found.set(day, pseudonym)
      return found
    },
    async * calls(shopId, phone) {
      for await (const [day, pseudonym] of pseudonyms(shopId, phone)) {
        const ids = await idsOfPerson(store, shopId, day, pseudonym)
        if (ids.length === 0) continue
        const calls = await ofPerson(options, shopId, day, ids, pseudonym)
        if (calls.length > 0) yield { day, pseudonym, calls }
      }
    }
  }
}

async function ofPerson(options: Omit<CallLogOptions, 'restricted'>, shopId: string, day: string, ids: readonly string[], pseudonym: string): Promise<PersonCall[]> {
  const roles = new Map<string, PersonCall['party']>()
  const note = ({ id, pseudonyms }: RowFacts): boolean => {
    roles.set(id, pseudonyms.courier === pseudonym ? 'courier' : 'customer')
    return true
  }
  const records = await readRows(options, shopId, ids.map((id) => ({ day, id })), note, (key, id, row) => ({ ...readRow(key, id, row), steps: stepsOf(key, id, row) }))
  return records.map((record) => ({ ...record, party: roles.get(record.id)! })).sort((one, other) => one.startedAt - other.startedAt)
}
