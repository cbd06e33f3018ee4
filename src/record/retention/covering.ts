import type { Covering, Hold } from './types.js'

/** What these holds cover together. */
export function coveringOf(holds: readonly Pick<Hold, 'scope'>[]): Covering {
  const deliveries = new Set<string>()
  const pseudonyms = new Map<string, Set<string>>()
  for (const { scope } of holds) {
    if ('deliveryId' in scope) deliveries.add(scope.deliveryId)
    else for (const [day, ids] of Object.entries(scope.pseudonyms)) pseudonyms.set(day, new Set([...pseudonyms.get(day) ?? [], ...ids]))
  }
  return {
    empty: deliveries.size === 0 && pseudonyms.size === 0,
    deliveries,
    pseudonyms,
    covers: ({ day, deliveryId, pseudonyms: parties }) => deliveries.has(deliveryId) || Object.values(parties).some((one) => pseudonyms.get(day)?.has(one))
  }
}
