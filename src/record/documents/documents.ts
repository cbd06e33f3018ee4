import type { Config } from '../../config.js'
import type { Settings } from '../../shop/settings.js'
import type { Shop } from '../../shop/shops.js'
import type { KeyRing } from '../../store/keyring/types.js'
import type { Audit, AuditEntry } from '../audit/types.js'
import { startOfDay } from '../day.js'
import type { Retention } from '../retention/types.js'
import type { RecordShelf } from '../types.js'
import { breachPack } from './breach.js'
import { dpia } from './dpia.js'
import { privacyNotice } from './privacy-notice.js'
import { processingRecord } from './processing-record.js'
import { retentionTable } from './retention-table.js'
import type { BreachFacts, DocumentLanguage, DocumentName, Facts, Paper } from './types.js'

export interface DocumentWanted {
  readonly name: DocumentName
  /** Only the privacy notice speaks more than English. */
  readonly language: DocumentLanguage
  /** Unix ms; absent: now. */
  readonly at?: number
  /** For the breach pack. */
  readonly window: { readonly from: number, readonly to: number }
  /** Whether the reader may see calls; for others the breach pack has ranges where counts are small (G22). */
  readonly seesCalls: boolean
}

/** Papers made of the running configuration. Rejects with MaskError store_unavailable, key_destroyed, request_invalid (`at`). */
export interface Documents {
  write(shop: Shop, wanted: DocumentWanted): Promise<Paper>
}

export interface DocumentsOptions {
  readonly config: Config
  readonly retention: Pick<Retention, 'classes'>
  readonly settings: Pick<Settings, 'read'>
  readonly shelf: Pick<RecordShelf, 'days' | 'count' | 'people'>
  readonly keyRing: Pick<KeyRing, 'find' | 'list'>
  readonly audit: Pick<Audit, 'list' | 'verify'>
  readonly clock?: () => number
}

const dayMs = 86_400_000
/** Acts that a notice of a breach asks about. */
const telling = /^(?:calls|export|recording|persons|key|session|shop|master)\./
const mostActs = 1000

export function createDocuments(options: DocumentsOptions): Documents {
  return {
    async write(shop, { name, language, at, window, seesCalls }) {
      const facts = await factsOf(options, shop, at)
      switch (name) {
        case 'processing-record': return processingRecord(facts)
        case 'privacy-notice': return privacyNotice(facts, language)
        case 'retention-table': return retentionTable(facts)
        case 'dpia': return dpia(facts)
        case 'breach-pack': return breachPack(facts, await breachFacts(options, shop.id, window), seesCalls)
      }
    }
  }
}

async function factsOf({ config, retention, settings, clock = Date.now }: DocumentsOptions, shop: Shop, at?: number): Promise<Facts> {
  const [classes, { recording }] = await Promise.all([retention.classes(shop.id, at), settings.read(shop.id)])
  const engines = [...config.freeswitch.url === null ? [] : ['FreeSWITCH'], ...config.rtpengine.url === null ? [] : ['rtpengine'], 'embedded']
  const kept = classes.find(({ name }) => name === 'recording')?.periodSeconds ?? null
  return { shop, at: at ?? clock(), classes, records: recording && kept !== null, config: { ...config, engines } }
}

async function breachFacts({ shelf, keyRing, audit }: DocumentsOptions, shopId: string, { from, to }: DocumentWanted['window']): Promise<BreachFacts> {
  const days = (await shelf.days(shopId)).filter((day) => startOfDay(day) < to && startOfDay(day) + dayMs > from)
  return {
    from,
    to,
    days: await Promise.all(days.map(async (day) => ({
      day,
      calls: await shelf.count(shopId, day),
      pseudonyms: await shelf.people(shopId, day),
      readable: await keyRing.find({ purpose: 'record', owner: shopId, period: day }) !== undefined
    }))),
    liveMappings: (await keyRing.list({ purpose: 'mapping', owner: shopId })).length,
    acts: await actsOf(audit, shopId, { from, to }),
    chainWhole: (await audit.verify(shopId)).whole
  }
}

async function actsOf(audit: DocumentsOptions['audit'], shopId: string, window: { from: number, to: number }): Promise<AuditEntry[]> {
  const acts: AuditEntry[] = []
  for (let cursor: string | undefined, more = true; more && acts.length < mostActs;) {
    const page = await audit.list(shopId, { ...window, limit: 500, ...(cursor === undefined ? {} : { cursor }) })
    acts.push(...page.entries.filter(({ action }) => telling.test(action)))
    cursor = page.next
    more = cursor !== undefined
  }
  return acts.slice(0, mostActs)
}
