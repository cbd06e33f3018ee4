import { randomBytes } from 'node:crypto'
import { MaskError } from '../errors.js'
import { newId } from '../ids.js'
import type { Lines } from '../line/types.js'
import { createPace } from '../pace.js'
import { forever, type DataKey, type KeyRing } from '../store/keyring/types.js'
import type { Source } from '../sip/types.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'
import { judgeNonce, newNonce, sameText } from './nonce.js'
import { createAccountRecords, type StoredAccount } from './records.js'
import { answerTo } from './registrar.js'
import { expectedResponse, readResponse, secretHashes, type DigestResponse } from './response.js'
import type { Accounts, AccountsConfig, AppCredentials, Claim, Verdict } from './types.js'

export interface AccountsOptions {
  readonly store: Store
  readonly keys: KeyRing
  readonly lines: Pick<Lines, 'find'>
  /** null: there are no accounts. */
  readonly config: AccountsConfig | null
  readonly log: Log
  /** Whether a message came from a carrier: what is sent there is dialled, so no app can be there. Never rejects. */
  readonly isCarrier: (source: Source) => Promise<boolean>
  readonly clock?: () => number
  /** Told of a socket that has shown who it is, and for how long (ms): an embedded SIP server reads what comes from there. */
  readonly onKnown?: (address: string, port: number, forMs: number) => void
}

/** Wrong or missing credentials of one address: so many at once, then so many a second. An app without fault needs one a registration. */
const failures = { burst: 60, perSecond: 1 }
/** The longest talk that a shop may allow, and its set-up: what belongs to a call is read from its socket all the while. */
const longestCallMs = 14_700_000
/** Stands for accounts that do not exist, so that looking at a password takes as long. */
const nobody = secretHashes(newId(), newId(), newId())

export function createAccounts(options: AccountsOptions): Accounts {
  return options.config === null ? noAccounts : new SipAccounts(options, options.config)
}

/** As if nobody had an account. */
export const noAccounts: Accounts = {
  handOut: () => Promise.reject(new MaskError('accounts_off')),
  end: async () => undefined,
  serves: () => false,
  authenticate: async () => ({ kind: 'refuse' }),
  register: async (request) => request.answer({ kind: 'reject', status: 405 }),
  whereabouts: async () => undefined
}

class SipAccounts implements Accounts {
  readonly #records
  readonly #clock: () => number
  readonly #pace

  constructor(private readonly options: AccountsOptions, private readonly config: AccountsConfig) {
    this.#clock = options.clock ?? Date.now
    this.#records = createAccountRecords({ ...options, clock: this.#clock })
    this.#pace = createPace({ ...failures, clock: () => performance.now() })
  }

  async handOut(shopId: string, deliveryId: string): Promise<AppCredentials> {
    const { state, expiresAt: deliveryEnds } = await this.options.lines.find(shopId, deliveryId)
    if (state !== 'live') throw new MaskError('delivery_ended')
    const { domain, maxHours } = this.config
    const username = `${deliveryId.slice(0, deliveryId.indexOf('-'))}-${newId()}`
    const password = randomBytes(18).toString('base64url')
    const expiresAt = Math.min(deliveryEnds, this.#clock() + maxHours * 3_600_000)
    await this.#records.save({ account: { name: username, shopId, deliveryId, party: 'courier' }, hashes: secretHashes(username, domain, password) }, expiresAt)
    return { username, password, domain, expiresAt }
  }

  end(shopId: string, deliveryId: string): Promise<void> {
    return this.#records.end(shopId, deliveryId)
  }

  serves(uri: string): boolean {
    return /^sips?:(?:[^@]*@)?([^:;?]+)/i.exec(uri)?.[1]?.toLowerCase() === this.config.domain
  }

  async authenticate(claim: Claim): Promise<Verdict> {
    const [key, given] = [await this.#nonceKey(), readResponse(claim.authorization)]
    const nonce = given === undefined ? 'foreign' : judgeNonce(key, given.nonce, claim.source, this.#clock())
    const stored = given === undefined || nonce === 'foreign' ? undefined : await this.#proven(given, claim)
    if (stored !== undefined && given !== undefined) {
      if (nonce === 'fresh' && await this.#records.spend(stored.account.name, given.nonce, Number.parseInt(given.nc, 16))) return this.#known(stored, claim)
      return this.#challenge(key, claim, true)
    }
    return this.#pace.take(key.tag('address', claim.source.address)) > 0 ? { kind: 'refuse' } : this.#challenge(key, claim, false)
  }

  async register(request: Parameters<Accounts['register']>[0]): Promise<void> {
    try {
      request.answer(await answerTo({ ...this.options, config: this.config, records: this.#records, accounts: this }, request))
    } catch (error) {
      this.options.log.warn('account.register_failed', errorFields(error))
      request.answer({ kind: 'reject', status: 503 })
    }
  }

  whereabouts(deliveryId: string): ReturnType<Accounts['whereabouts']> {
    return this.#records.whereabouts(deliveryId)
  }

  /** The account whose password made this response; what is wrong takes as long as what is right. */
  async #proven(given: DigestResponse, { method, uri }: Claim): Promise<StoredAccount | undefined> {
    const named = /^[a-z0-9]{1,16}-[a-z]{20}$/.test(given.username)
    const stored = named ? await this.#records.find(given.username) : undefined
    const right = sameText(given.response, expectedResponse(given, (stored?.hashes ?? nobody)[given.algorithm], method))
    return right && given.realm === this.config.domain && given.uri === uri ? stored : undefined
  }

  #known({ account }: StoredAccount, { source: { address, port } }: Claim): Verdict {
    this.options.onKnown?.(address, port, longestCallMs)
    return { kind: 'known', account }
  }

  #challenge(key: DataKey, { source }: Claim, stale: boolean): Verdict {
    const { domain, algorithm } = this.config
    const challenge = `Digest realm="${domain}", nonce="${newNonce(key, source, this.#clock())}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`
    return { kind: 'challenge', challenge }
  }

  #nonceKey(): Promise<DataKey> {
    return this.options.keys.use({ purpose: 'access', owner: 'system', period: '0' }, forever)
  }
}
