import { randomBytes } from 'node:crypto'
import { MaskError } from '../../errors.js'
import { isFresh } from '../../fresh.js'
import { forever, type KeyRing, type KeyScope } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'
import type { Store } from '../../store/redis.js'
import type { WebhookTarget } from './types.js'

/** Milliseconds that another process's change may take to be heard here. */
const freshForMs = 5000
/** A replaced secret signs beside the new one for so long. */
const overlapMs = 86_400_000

export type TargetWanted = Pick<WebhookTarget, 'url' | 'events' | 'gate'>

/** Where each shop's events go, sealed in Redis: an address may hold a password, and the secret is one. */
export class WebhookTargets {
  readonly #known = new Map<string, { readonly at: number, readonly target: WebhookTarget | undefined }>()

  constructor(private readonly options: { readonly store: Store, readonly ring: KeyRing, readonly clock: () => number }) {}

  /** At most a few seconds old; while the store is away the last known one. Never rejects. */
  async of(shopId: string): Promise<WebhookTarget | undefined> {
    const last = this.#known.get(shopId)
    if (last !== undefined && isFresh(last.at, this.options.clock(), freshForMs)) return last.target
    return this.read(shopId).catch(() => last?.target)
  }

  /** @throws MaskError store_unavailable */
  async read(shopId: string): Promise<WebhookTarget | undefined> {
    const { store, ring } = this.options
    const blob = await store.get(nameOf(shopId))
    const target = blob && JSON.parse((await ring.open(blob, { purpose: 'webhook', owner: shopId }, nameOf(shopId))).toString('utf8')) as WebhookTarget
    return this.#remember(shopId, target)
  }

  /** Sets where events go. @returns the secret, when it is a new one */
  async set(shopId: string, wanted: TargetWanted): Promise<{ target: WebhookTarget, secret?: string }> {
    const old = await this.read(shopId)
    if (old !== undefined) return { target: await this.#write(shopId, { ...old, ...wanted }) }
    const secret = newSecret()
    return { target: await this.#write(shopId, { ...wanted, secrets: [secret] }), secret }
  }

  /** A new secret; the one before it signs for another day. @throws webhook_not_found without a target */
  async rotate(shopId: string): Promise<{ secret: string, formerUntil: number }> {
    const old = await this.read(shopId)
    if (old === undefined) throw new MaskError('webhook_not_found')
    const secret = newSecret()
    const formerUntil = this.options.clock() + overlapMs
    await this.#write(shopId, { ...old, secrets: [secret, old.secrets[0]!], formerUntil })
    return { secret, formerUntil }
  }

  async remove(shopId: string): Promise<boolean> {
    this.#remember(shopId, undefined)
    return await this.options.store.del(nameOf(shopId)) > 0
  }

  /** The secrets that sign now. */
  secretsOf({ secrets, formerUntil = 0 }: WebhookTarget): readonly string[] {
    return secrets.slice(0, this.options.clock() < formerUntil ? 2 : 1)
  }

  async #write(shopId: string, target: WebhookTarget): Promise<WebhookTarget> {
    const { store, ring } = this.options
    const scope: KeyScope = { purpose: 'webhook', owner: shopId, period: '0' }
    await store.set(nameOf(shopId), (await ring.use(scope, forever)).seal(JSON.stringify(target), nameOf(shopId)))
    return this.#remember(shopId, target)
  }

  #remember<T extends WebhookTarget | undefined>(shopId: string, target: T): T {
    this.#known.set(shopId, { at: this.options.clock(), target })
    return target
  }
}

const nameOf = (shopId: string): string => keyName('webhook', `shop.${shopId}`)

/** As Standard Webhooks writes them. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}
