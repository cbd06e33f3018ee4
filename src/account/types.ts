import type { Config } from '../config.js'
import type { Party } from '../line/types.js'
import type { RegisterRequest, Source } from '../sip/types.js'

/** `sip.accounts` of the configuration, when it is there. */
export type AccountsConfig = NonNullable<Config['sip']['accounts']>

/** Who a SIP account stands for: one party of one delivery, and nothing else. */
export interface Account {
  /** `pool-bcdfghjkmnpqrstvwxyz`, random: it says nothing about a person. */
  readonly name: string
  readonly shopId: string
  readonly deliveryId: string
  readonly party: Party
}

/** What a courier's app needs to call, told once. */
export interface AppCredentials {
  readonly username: string
  readonly password: string
  /** Realm of the digest, and host of every SIP URI that the app sends. */
  readonly domain: string
  /** Unix ms. */
  readonly expiresAt: number
}

/** A request that has to show who sends it. */
export interface Claim {
  readonly method: string
  /** The Request-URI. */
  readonly uri: string
  /** Value of the Authorization header. */
  readonly authorization: string | undefined
  /** Socket address that it came from. */
  readonly source: Source
}

export type Verdict =
  | { readonly kind: 'known', readonly account: Account }
  /** Ask for credentials: value of WWW-Authenticate. The same for whoever is unknown, wrong or over. */
  | { readonly kind: 'challenge', readonly challenge: string }
  /** Too many wrong ones from this address. */
  | { readonly kind: 'refuse' }

/** Where the phone of an account can be reached, as its REGISTER came. */
export interface Whereabouts {
  /** The Contact URI: Request-URI of calls to this phone. */
  readonly uri: string
  /** `sip:address:port;transport=tcp`: where calls to it are sent; the socket address that the REGISTER came from, never a name in it. */
  readonly route: string
}

/** SIP accounts of couriers. Every method rejects with MaskError only. */
export interface Accounts {
  /**
   * A new account for the courier of a live delivery; the one before ends. It ends with the delivery's time or after
   * `sip.accounts.maxHours`. @throws accounts_off, delivery_not_found, delivery_ended
   */
  handOut(shopId: string, deliveryId: string): Promise<AppCredentials>
  /** Ends the account of a delivery, if there is one: whoever is its courier next must not be taken for the one before. */
  end(shopId: string, deliveryId: string): Promise<void>
  /** Whether a Request-URI is of the domain for apps; never while accounts are switched off. */
  serves(uri: string): boolean
  /** Who sends a request, by digest (RFC 7616). What its other headers say does not count. */
  authenticate(claim: Claim): Promise<Verdict>
  /** Answers a REGISTER (RFC 3261 §10.3). Never rejects. */
  register(request: RegisterRequest): Promise<void>
  /** Where the courier's phone is registered; undefined when it is nowhere. */
  whereabouts(deliveryId: string): Promise<Whereabouts | undefined>
}
