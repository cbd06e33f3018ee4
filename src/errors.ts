/**
 * Every refusal that Maskline gives, in one table: code → HTTP status, SIP status, text.
 * Codes are part of the contract and never change their meaning. Texts never hold a value that
 * somebody sent: `field` names the place, the value stays out.
 * A SIP status of 0 means that the error cannot arise in a call.
 */
interface ErrorEntry {
  readonly http: number
  readonly sip: number
  readonly title: string
}

const table = {
  // Requests
  request_malformed: { http: 400, sip: 0, title: 'The request is not valid HTTP.' },
  body_malformed: { http: 400, sip: 0, title: 'The body is not valid JSON.' },
  unauthorized: { http: 401, sip: 0, title: 'The API key is missing or wrong.' },
  forbidden: { http: 403, sip: 0, title: 'This API key may not do that.' },
  not_found: { http: 404, sip: 0, title: 'There is nothing under this address.' },
  method_not_allowed: { http: 405, sip: 0, title: 'This address does not take that method.' },
  request_timeout: { http: 408, sip: 0, title: 'The request did not arrive in time.' },
  body_too_large: { http: 413, sip: 0, title: 'The body is too large.' },
  media_type_unsupported: { http: 415, sip: 0, title: 'Send JSON as application/json.' },
  request_invalid: { http: 422, sip: 0, title: 'A field of the request is not valid.' },
  proof_invalid: { http: 403, sip: 0, title: 'The code is wrong, used up or too old; have the phone rung again.' },
  rate_limited: { http: 429, sip: 0, title: 'Too many requests; wait and try again.' },
  // Access
  key_not_found: { http: 404, sip: 0, title: 'There is no such API key.' },
  key_ended: { http: 409, sip: 0, title: 'This API key has ended or was rotated already.' },
  keys_too_many: { http: 409, sip: 0, title: 'The shop already has the most API keys it may have.' },
  shop_not_found: { http: 404, sip: 0, title: 'There is no such shop.' },
  shop_exists: { http: 409, sip: 0, title: 'A shop with this id exists or once did.' },
  shop_configured: { http: 409, sip: 0, title: 'This shop stands in the configuration and is changed there.' },
  // Numbers of people
  phone_invalid: { http: 422, sip: 0, title: 'This is not a valid phone number in E.164 form.' },
  phone_not_allowed: { http: 422, sip: 0, title: 'Lines are not given for this kind of number.' },
  phone_emergency: { http: 422, sip: 0, title: 'Emergency and short numbers are never masked.' },
  phone_is_proxy: { http: 422, sip: 0, title: 'This is one of our own proxy numbers.' },
  phones_equal: { http: 422, sip: 0, title: 'Courier and customer have the same phone number.' },
  // Deliveries
  expiry_invalid: { http: 422, sip: 0, title: 'The expiry is in the past or beyond the maximum.' },
  country_unknown: { http: 422, sip: 0, title: 'This is not a country code of ISO 3166-1.' },
  delivery_not_found: { http: 404, sip: 0, title: 'There is no such delivery.' },
  delivery_ended: { http: 409, sip: 0, title: 'This delivery is over and is never opened again.' },
  reference_in_use: { http: 409, sip: 0, title: 'A live delivery already has this reference.' },
  phone_in_use: { http: 409, sip: 0, title: 'This phone already has this number in another delivery.' },
  phone_in_delivery: { http: 409, sip: 0, title: 'This phone already belongs to this delivery.' },
  phones_too_many: { http: 409, sip: 0, title: 'This party already has the most phones it may have.' },
  call_not_found: { http: 404, sip: 0, title: 'There is no such call, or its record is gone or restricted.' },
  call_limited: { http: 429, sip: 0, title: 'There are as many calls as the limits allow; wait and try again.' },
  accounts_off: { http: 409, sip: 0, title: 'SIP accounts for apps are switched off in the configuration (sip.accounts).' },
  idempotency_mismatch: { http: 422, sip: 0, title: 'This Idempotency-Key was used with another body.' },
  idempotency_in_progress: { http: 409, sip: 0, title: 'A request with this Idempotency-Key is still under way.' },
  // Numbers of ours
  pool_exhausted: { http: 503, sip: 0, title: 'No proxy number is free for these two people.' },
  pool_drained: { http: 503, sip: 0, title: 'No proxy number of the pool is in service.' },
  number_not_found: { http: 404, sip: 0, title: 'There is no such number in the pool.' },
  number_in_use: { http: 409, sip: 0, title: 'This number still has live deliveries or people in quarantine.' },
  // Retention
  hold_not_found: { http: 404, sip: 0, title: 'There is no such hold, or it has ended.' },
  holds_too_many: { http: 409, sip: 0, title: 'The shop already has the most holds it may have.' },
  retention_running: { http: 409, sip: 0, title: 'A deletion run of this shop is under way; wait and try again.' },
  clock_untrusted: { http: 409, sip: 0, title: 'The clock cannot be trusted; nothing is deleted until it can or somebody confirms the time.' },
  // Webhooks
  webhook_not_found: { http: 404, sip: 0, title: 'There is no webhook, or no such event.' },
  webhook_address: { http: 422, sip: 0, title: 'Events are sent to public https addresses only.' },
  // The system behind
  store_unavailable: { http: 503, sip: 503, title: 'The store does not answer; try again soon.' },
  store_full: { http: 503, sip: 503, title: 'The store takes no more data; try again later.' },
  sip_unavailable: { http: 503, sip: 503, title: 'The SIP server does not answer; try again soon.' },
  overloaded: { http: 503, sip: 503, title: 'There is more to do than can be done just now; try again soon.' },
  trunk_busy: { http: 503, sip: 503, title: 'The trunk takes no more calls just now; try again soon.' },
  media_unavailable: { http: 503, sip: 503, title: 'No media engine is free; try again soon.' },
  media_rejected: { http: 0, sip: 488, title: 'The session description cannot be served.' },
  recording_period: { http: 409, sip: 0, title: 'Set a period for the class recording first.' },
  recording_not_found: { http: 404, sip: 0, title: 'There is no recording of this call.' },
  recording_unavailable: { http: 503, sip: 503, title: 'The recording cannot be written or read.' },
  deadline_exceeded: { http: 503, sip: 503, title: 'A part of the system did not answer in time.' },
  key_destroyed: { http: 410, sip: 500, title: 'The key to this data was destroyed; nobody can read it any more.' },
  internal: { http: 500, sip: 500, title: 'Something went wrong on our side.' },
  // Start
  config_invalid: { http: 0, sip: 0, title: 'The configuration is not valid.' }
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof table

/** What a caller may be told beside the code. Never a value from a request. */
export interface ErrorDetail {
  /** JSON pointer-like name of the offending field, such as `courier.phone`. */
  readonly field?: string
  /** Whole seconds after which a new try makes sense; becomes Retry-After. */
  readonly retryAfter?: number
  /** A reason out of a fixed set, such as `busy`, `geo`; never free text from outside. */
  readonly reason?: string
  readonly cause?: unknown
}

/** The one error class that crosses rooms. */
export class MaskError extends Error {
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly retryAfter: number | undefined
  readonly reason: string | undefined

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(table[code].title, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'MaskError'
    this.code = code
    this.field = detail.field
    this.retryAfter = detail.retryAfter
    this.reason = detail.reason
  }

  get httpStatus(): number {
    return table[this.code].http
  }

  get sipStatus(): number {
    return table[this.code].sip
  }
}

/** All codes with their entries, for the documentation and its test. */
export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = table

/** Anything thrown, as a MaskError; what we did not foresee becomes `internal`. */
export function asMaskError(error: unknown): MaskError {
  return error instanceof MaskError ? error : new MaskError('internal', { cause: error })
}
