import type { Config } from '../../config.js'
import type { ClassDefinition, ClassName } from './types.js'

const hour = 3600
const day = 24 * hour
const minute = 60

/** What of the configuration bounds the classes. */
export interface ClassConfig {
  readonly line: Pick<Config['line'], 'minTtlSeconds' | 'maxTtlSeconds' | 'quarantineSeconds'>
  readonly record: Pick<Config['record'], 'retentionDays'>
}

type Table = Readonly<Record<ClassName, Omit<ClassDefinition, 'name'>>>

const copies = 'with its replicas, append-only files and backups, all unreadable once the key in the key store is destroyed'

/**
 * Every class with all that is fixed about it. Defaults are the shortest with which the purpose is met;
 * maximums are what no shop can go beyond. Anchors: CNIL 2021-122 (logs 6 to 12 months, up to 3 years), Art. 6
 * Directive 2002/58 (traffic data), Art. 25(2) GDPR (the shortest by default).
 */
export function classTable(config: ClassConfig): readonly ClassDefinition[] {
  const table: Table = { ...shortLived(config), ...kept(config), ...offByDefault }
  return Object.entries(table).map(([name, definition]) => ({ name: name as ClassName, ...definition }))
}

function shortLived({ line }: ClassConfig): Pick<Table, 'mapping' | 'quarantine' | 'webhook'> {
  return {
    mapping: {
      purpose: 'Connects courier and customer of a delivery without showing either number',
      legalBasis: 'contract',
      minimumSeconds: line.minTtlSeconds,
      maximumSeconds: line.maxTtlSeconds,
      defaultSeconds: line.maxTtlSeconds,
      canBeOff: false,
      startEvent: 'allocation of the delivery, which ends earlier when the shop says so',
      place: `Redis, sealed, within the delivery, ${copies}`,
      method: 'delivery ended, removed after its quarantine; key destroyed with the last delivery under it',
      owner: 'shop'
    },
    quarantine: {
      purpose: 'Keeps the number for the same two people, so that a late caller never reaches a stranger',
      legalBasis: 'contract',
      minimumSeconds: minute,
      maximumSeconds: 30 * day,
      defaultSeconds: line.quarantineSeconds,
      canBeOff: false,
      startEvent: 'end of the delivery',
      place: `Redis, sealed, within the delivery, ${copies}`,
      method: 'delivery removed; key destroyed with the last delivery under it',
      owner: 'shop'
    },
    webhook: {
      purpose: 'Tells the shop\'s system what happened, also when that system was away for a while',
      legalBasis: 'contract',
      minimumSeconds: hour,
      maximumSeconds: 3 * day,
      defaultSeconds: day,
      canBeOff: false,
      startEvent: 'the event that is told',
      place: `Redis, sealed, one queue per shop, ${copies}`,
      method: 'removed when delivered; key of the day destroyed, then entries deleted',
      owner: 'shop'
    }
  }
}

function kept({ record }: ClassConfig): Pick<Table, 'record' | 'statistics' | 'audit'> {
  return {
    record: {
      purpose: 'Shows that people could be reached, clears up complaints and abuse, finds faults',
      legalBasis: 'legitimate_interest',
      minimumSeconds: day,
      maximumSeconds: 90 * day,
      defaultSeconds: record.retentionDays * day,
      canBeOff: false,
      startEvent: 'start of the call',
      place: `Redis, per shop and UTC day, people as pseudonyms of that day, ${copies}`,
      method: 'rows deleted one by one as they are due; key of the day destroyed as soon as the whole day is',
      owner: 'shop'
    },
    statistics: {
      purpose: 'Shows load and reachability over time, in counts of no one',
      legalBasis: 'legitimate_interest',
      minimumSeconds: day,
      maximumSeconds: 761 * day,
      defaultSeconds: 396 * day,
      canBeOff: false,
      startEvent: 'end of the UTC day that is counted',
      place: 'Redis, per shop and UTC day, counts only; shown from 10 calls on',
      method: 'counts of the day deleted',
      owner: 'shop'
    },
    audit: {
      purpose: 'Shows who read or changed what and why, and that deletion took place',
      legalBasis: 'legal_obligation',
      minimumSeconds: 183 * day,
      maximumSeconds: 1096 * day,
      defaultSeconds: 365 * day,
      canBeOff: false,
      startEvent: 'the act',
      place: 'Redis, per shop, ids and reasons, no number, with its replicas, append-only files and backups',
      method: 'oldest entries removed behind a signed checkpoint; reports of runs and old settings deleted',
      owner: 'shop and operator'
    }
  }
}

const offByDefault: Pick<Table, 'recording' | 'statutory'> = {
  recording: {
    purpose: 'Lets a shop settle what was said, where both people were told before',
    legalBasis: 'consent',
    minimumSeconds: hour,
    maximumSeconds: 30 * day,
    defaultSeconds: null,
    canBeOff: true,
    startEvent: 'end of the UTC day of the call',
    place: 'Files, sealed, per shop and UTC day, with their backups, all unreadable once the key in the key store is destroyed',
    method: 'key of the day destroyed, then files deleted',
    owner: 'shop'
  },
  statutory: {
    purpose: 'Keeps call records beyond their own period, closed to every normal read, where a law asks the shop for it',
    legalBasis: 'legal_obligation',
    minimumSeconds: day,
    maximumSeconds: 365 * day,
    defaultSeconds: null,
    canBeOff: true,
    startEvent: 'start of the call',
    place: `the call records themselves, ${copies}`,
    method: 'as call records',
    owner: 'shop'
  }
}
