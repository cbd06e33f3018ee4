import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Accounts } from '../account/types.js'
import type { Callbacks } from '../call/calls.js'
import type { Config } from '../config.js'
import type { ErrorCode } from '../errors.js'
import type { EventBus } from '../events.js'
import type { Lines } from '../line/types.js'
import type { Documents } from '../record/documents/documents.js'
import type { Recordings } from '../record/recordings/types.js'
import type { Audit } from '../record/audit/types.js'
import type { RetentionRoom } from '../record/retention/retention.js'
import type { Rights } from '../record/rights/types.js'
import type { Signer } from '../record/signing.js'
import type { Statistics } from '../record/statistics/types.js'
import type { CallLog } from '../record/types.js'
import type { Actor, Role } from '../shop/access.js'
import type { ApiKeys } from '../shop/keys.js'
import type { Sessions } from '../shop/sessions.js'
import type { ShopCaps } from '../shop/caps.js'
import type { Settings } from '../shop/settings.js'
import type { Shop, Shops } from '../shop/shops.js'
import type { Log } from '../telemetry/log.js'
import type { Idempotency } from './idempotency.js'
import type { Webhooks } from './webhooks/webhooks.js'

/** One thing that Maskline cannot work without. */
export interface HealthPart {
  /** A name of ours such as `store`, `sip`, `media`; never an address. */
  readonly name: string
  readonly ok: boolean
}

export interface Health {
  parts(): Promise<HealthPart[]>
}

/** What the HTTP room needs of the others. */
export interface HttpDeps {
  readonly config: Config
  readonly lines: Lines
  readonly calls: CallLog
  readonly statistics: Statistics
  readonly audit: Audit
  readonly retention: RetentionRoom
  readonly rights: Rights
  readonly signer: Signer
  readonly callbacks: Callbacks
  readonly accounts: Pick<Accounts, 'handOut' | 'end'>
  readonly recordings: Recordings
  readonly documents: Documents
  readonly webhooks: Webhooks
  readonly shops: Shops
  readonly keys: ApiKeys
  readonly sessions: Sessions
  readonly settings: Settings
  readonly caps: ShopCaps
  readonly health: Health
  readonly idempotency: Idempotency
  readonly events: EventBus
  readonly log: Log
  /** Whether one more request may begin beside so many that are under way; always when absent. */
  readonly admission?: (inFlight: number) => boolean
  /** Unix time in milliseconds. */
  readonly clock?: () => number
}

/** The dependencies with nothing left open. */
export type RouteDeps = Required<HttpDeps>

/** A fastify instance whose handlers take their types from the TypeBox schemas. */
export type Api = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request carries; set by auth.ts for everything under /v1. */
    shop?: Shop
    /** Who asks; set by auth.ts for everything under /v1. Elsewhere reading it throws unauthorized. */
    readonly actor: Actor
  }
  interface FastifyContextConfig {
    /** Who may use the route, for everything under /v1; without it `app` and `admin`. Any one of the roles is enough. */
    roles?: readonly Role[]
  }
  interface FastifyReply {
    /** The code of the problem that is being answered, for the log. */
    problemCode?: ErrorCode
  }
}
