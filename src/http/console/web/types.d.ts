// What the server answers, as far as the pages use it; times are RFC 3339 in UTC. See /openapi.json for the whole.

/** One page of the console. */
export interface PageDefinition {
  readonly name: string
  /** Who may see it: any one of these. */
  readonly roles: readonly string[]
  /** @param params what follows the name in the address */
  open(params: string[]): OpenPage
}

export interface OpenPage {
  view(): unknown
  /** Ends what the page does on its own. */
  close?(): void
}

export interface Me {
  readonly shopId: string
  readonly shopName: string
  readonly keyId: string
  readonly roles: readonly string[]
  readonly language: string
}

export interface RetentionClass {
  readonly name: string
  readonly purpose: string
  readonly legalBasis: string
  readonly periodSeconds: number | null
  readonly minimumSeconds: number
  readonly maximumSeconds: number
  readonly defaultSeconds: number | null
  readonly canBeOff: boolean
  readonly startEvent: string
  readonly place: string
  readonly method: string
  readonly owner: string
  readonly basis?: string
  readonly reviewedAt?: string
  readonly nextDue?: string
  readonly oldestLeft?: string
}

export interface RetentionHealth {
  readonly state: 'ok' | 'failing'
  readonly lastRunAt?: string
  readonly failures: number
  readonly reason?: string
}

export interface RetentionAnswer {
  readonly at: string
  readonly classes: readonly RetentionClass[]
  readonly health: RetentionHealth
}

export interface RetentionChange {
  readonly at: string
  readonly actorId: string
  readonly name: string
  readonly from: number | null
  readonly to: number | null
  readonly reason: string
  readonly basis?: string
}

export interface ClassOutcome {
  readonly name: string
  readonly due: number
  readonly deleted: number
  readonly held: number
  readonly failed: number
  readonly keysDestroyed: number
  readonly oldestLeft?: string
  readonly nextDue?: string
}

export interface RetentionRun {
  readonly id: string
  readonly startedAt: string
  readonly endedAt: string
  readonly cause: string
  readonly state: 'done' | 'failed'
  readonly classes: readonly ClassOutcome[]
  readonly signature: string
}

export interface RetentionRuns {
  readonly publicKey: string
  readonly runs: readonly RetentionRun[]
}

export interface Hold {
  readonly id: string
  readonly kind: 'hold' | 'restriction'
  readonly deliveryId?: string
  /** Of a person's restriction: how many days of records it covers. */
  readonly days?: number
  readonly reason: string
  readonly authorId: string
  readonly createdAt: string
  readonly endsAt: string
}

export interface Call {
  readonly id: string
  readonly deliveryId: string
  readonly reference: string
  readonly startedBy: 'courier' | 'customer' | 'shop'
  readonly state: 'ringing' | 'talking' | 'ended'
  readonly startedAt: string
  readonly answeredAt?: string
  readonly endedAt?: string
  readonly ringMs?: number
  readonly talkMs?: number
  readonly result?: string
  readonly reason?: string
}

export interface CallPage {
  readonly calls: readonly Call[]
  readonly next?: string
}

export interface Delivery {
  readonly id: string
  readonly reference: string
  readonly state: 'live' | 'closed' | 'expired'
  readonly number: string
  readonly direction: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly quarantineUntil: string
  readonly endedAt?: string
}

export interface NumberLoad {
  readonly number: string
  readonly country: string
  readonly state: 'in_service' | 'draining' | 'retired'
  readonly live: number
  readonly held: number
}

export interface DayStats {
  readonly day: string
  readonly calls?: number
  readonly reached?: number
  readonly missed?: number
  readonly busy?: number
  readonly declined?: number
  readonly failed?: number
  readonly averageRingSeconds?: number
  readonly averageTalkSeconds?: number
  readonly reachedOnAttempt?: readonly number[]
  readonly suppressed?: boolean
}

export interface NowStats {
  readonly calls: { readonly live: number, readonly ringing: number, readonly talking: number }
  readonly caps: Readonly<Record<'callsAtOnce' | 'callsPerHour' | 'minutesPerDay', { readonly used: number, readonly limit: number }>>
  readonly today: Omit<DayStats, 'day'>
}

export interface AuditEntry {
  readonly seq: number
  readonly at: string
  readonly actorId: string
  readonly roles: readonly string[]
  readonly action: string
  readonly scope?: string
  readonly reason?: string
  readonly result: 'done' | 'refused' | 'failed'
  readonly hash: string
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  readonly next?: string
}

export interface AuditVerdict {
  readonly whole: boolean
  readonly checked: number
  readonly brokenAt?: number
  readonly fault?: string
}

export interface PersonRequest {
  readonly id: string
  readonly kind: 'access' | 'export' | 'restriction' | 'erasure'
  readonly state: 'running' | 'done' | 'refused' | 'failed'
  readonly proof: string
  readonly actorId: string
  readonly createdAt: string
  readonly finishedAt?: string
  /** When this and its result are gone. */
  readonly expiresAt: string
  /** UTC days that were looked at, of those that there are. */
  readonly progress: { readonly done: number, readonly total: number }
  /** Only of one request that is asked for by its id. */
  readonly result?: PersonResult
}

/** A code on its way to a phone. */
export interface PhoneProof {
  readonly id: string
  readonly state: 'ringing' | 'told' | 'not_told'
  readonly reason?: string
  readonly expiresAt: string
}

export interface PersonResult {
  readonly access?: { readonly classes: readonly { readonly name: string, readonly count: number | null }[], readonly calls: readonly unknown[], readonly deliveries: readonly unknown[] }
  readonly export?: { readonly calls: readonly unknown[], readonly deliveries: readonly unknown[] }
  readonly erasure?: { readonly classes: readonly { readonly name: string, readonly erased: number, readonly held: number }[], readonly refused?: { readonly reason: string, readonly endsAt: string } }
  readonly restriction?: { readonly holdId: string, readonly calls: number, readonly days: number, readonly endsAt: string }
}

export interface Key {
  readonly id: string
  readonly label: string
  readonly roles: readonly string[]
  readonly state: string
  readonly createdAt: string
  readonly expiresAt?: string
  readonly lastUsedDay?: string
}

export interface NewKey {
  /** The text of the key, in this one answer only. */
  readonly key: string
}

export interface Gate {
  readonly url: string
  readonly timeoutMs: number
  readonly onFailure: 'allow' | 'deny'
}

export interface Webhook {
  readonly url: string
  readonly events: readonly string[]
  readonly gate: Gate | null
  readonly queue: { readonly waiting: number, readonly retrying: number, readonly dead: number, readonly nextTryAt?: string }
  /** In the answer to the first PUT only. */
  readonly secret?: string
}

/** Why nobody took an event. */
export interface HookFailure {
  readonly reason?: string
  readonly status?: number
}

export interface FailedEvent extends HookFailure {
  readonly id: string
  readonly type: string
  readonly deliveryId?: string
  readonly happenedAt: string
  readonly gaveUpAt: string
  readonly tries: number
}

export type TestSent = { readonly delivered: boolean } & HookFailure

export type Settings = Readonly<Record<string, unknown>>
