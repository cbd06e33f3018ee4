import { asMaskError, MaskError } from '../../errors.js'
import { within } from '../../deadline.js'
import type { E164 } from '../../phone/types.js'
import type { Store } from '../../store/redis.js'
import { errorFields } from '../../telemetry/log.js'
import type { AuditAction, AuditInput } from '../audit/types.js'
import { checkReason } from '../audit/rules.js'
import { access, portability } from './access.js'
import { erasure } from './erasure.js'
import { countIn } from './limits.js'
import { createProofs } from './proofs.js'
import { createRequests, type Kept } from './requests.js'
import { restriction } from './restriction.js'
import type { RightKind, Rights, RightsOrder, RightsRequest, Teller } from './types.js'
import type { Outcome, RightsWork, Task, Worker } from './work.js'

export interface RightsOptions extends Omit<RightsWork, 'requests' | 'clock'> {
  readonly store: Store
  /** Makes the call that says a code. */
  readonly teller: Teller
  /** A number of the pool to call from. @throws pool_drained */
  readonly numberOf: (poolId: string, shopId: string) => Promise<E164>
  readonly shops: () => readonly string[]
  readonly clock?: () => number
}

const workers: Readonly<Record<RightKind, { readonly worker: Worker, readonly action: AuditAction }>> = {
  access: { worker: access, action: 'persons.access' },
  export: { worker: portability, action: 'persons.export' },
  erasure: { worker: erasure, action: 'persons.erase' },
  restriction: { worker: restriction, action: 'persons.restrict' }
}

/** How long a request is waited for before it is answered as running. */
const patienceMs = 2000
/** How long the end of the process waits for requests under way. */
const farewellMs = 5000
const resumeEveryMs = 30_000

/** Rights of persons. Requests live in Redis, sealed, so that any process can go on with them. */
export function createRights(options: RightsOptions): Rights {
  return new RedisRights(options)
}

class RedisRights implements Rights {
  readonly #options: RightsOptions
  readonly #work: RightsWork
  readonly #proofs
  readonly #clock: () => number
  readonly #running = new Set<Promise<unknown>>()
  readonly #timer: NodeJS.Timeout

  constructor(options: RightsOptions) {
    const clock = options.clock ?? Date.now
    const { store, keyRing } = options
    this.#options = options
    this.#clock = clock
    this.#work = { ...options, clock, requests: createRequests({ store, keyRing, clock }) }
    this.#proofs = createProofs({ store, keyRing, clock })
    this.#timer = setInterval(() => void this.resume().catch((error: unknown) => options.log.warn('rights.resume_failed', errorFields(error))), resumeEveryMs).unref()
  }

  async prove({ shopId, actor, phone, poolId }: Parameters<Rights['prove']>[0]): ReturnType<Rights['prove']> {
    const { store, keyRing, audit, teller, numberOf } = this.#options
    const now = this.#clock()
    await countIn({ store, shopId, what: 'proof', now })
    // Hidden as all people are, and not the same tomorrow.
    const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
    const whom = (await keyRing.use({ purpose: 'mapping', owner: shopId, period: day }, now + 2 * 3_600_000)).tag('rung', phone)
    await countIn({ store, shopId, what: 'phone', whom, now })
    const number = await numberOf(poolId, shopId)
    const { proof, code } = await this.#proofs.make(shopId, phone)
    await audit.append({ shopId, actor, action: 'persons.proof', scope: `proof ${proof.id}: call from ${number}`, result: 'done' })
    const { done } = await teller({ shopId, number, phone, code })
    this.#keep(done.then((outcome) => this.#proofs.note(shopId, proof.id, outcome)))
    return proof
  }

  proof(shopId: string, id: string): ReturnType<Rights['proof']> {
    return this.#proofs.find(shopId, id)
  }

  async request(order: RightsOrder): Promise<RightsRequest> {
    const { store } = this.#options
    const { shopId } = order
    const reason = checkReason(order.reason)
    if (order.proof.kind === 'declared') checkReason(order.proof.reason, 'proof.reason')
    await countIn({ store, shopId, what: 'request', now: this.#clock() })
    await this.#checkProof(order)
    const kept = await this.#work.requests.create({ ...order, reason })
    await this.#note(kept, 'done', 'begun', reason)
    const work = this.#run(shopId, kept.id)
    this.#keep(work)
    const ended = await within(patienceMs, work).catch(() => undefined)
    return viewOf(ended ?? kept)
  }

  async list(shopId: string): Promise<RightsRequest[]> {
    return (await this.#work.requests.all(shopId)).map((request) => withoutResult(viewOf(request)))
  }

  async find(shopId: string, id: string): Promise<RightsRequest> {
    return viewOf(await this.#work.requests.read(shopId, id))
  }

  async resume(): Promise<number> {
    const open = await this.#work.requests.open(this.#options.shops())
    const done = await Promise.all(open.map(({ shopId, id }) => this.#run(shopId, id)))
    return done.filter((one) => one !== undefined).length
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await within(farewellMs, Promise.allSettled(this.#running)).catch(() => undefined)
  }

  /** A wrong proof stands in the trail too: somebody may be asking about another person. */
  async #checkProof({ shopId, actor, kind, phone, proof }: RightsOrder): Promise<void> {
    const { audit } = this.#options
    const { action } = workers[kind]
    if (proof.kind === 'declared') {
      await audit.append({ shopId, actor, action: 'persons.proof', scope: 'declared', reason: proof.reason, result: 'done' })
      return
    }
    await this.#proofs.take(shopId, proof.id, phone, proof.code).catch(async (error: unknown) => {
      if (asMaskError(error).code === 'proof_invalid') await audit.append({ shopId, actor, action, scope: 'proof by call not right', result: 'refused' })
      throw error
    })
  }

  /** Never rejects. @returns the request as it ended, or undefined when another process has it or there is nothing to do */
  async #run(shopId: string, id: string): Promise<Kept | undefined> {
    const { requests } = this.#work
    const giveBack = await requests.claim(shopId, id).catch(() => undefined)
    if (giveBack === undefined) return undefined
    try {
      const kept = await requests.read(shopId, id)
      return kept.state === 'running' ? await this.#finish(kept) : undefined
    } catch (error) {
      // Left as it is: it is tried again, until it is too old to be there.
      this.#options.log.warn('rights.failed', { shopId, ...errorFields(error) })
      return undefined
    } finally {
      await giveBack()
    }
  }

  async #finish(kept: Kept): Promise<Kept> {
    const { phone, ...rest } = kept
    let progress = kept.progress
    const end = phone === undefined ? undefined : await this.#outcome({ ...kept, phone }, (done, total) => { progress = { done, total } })
    const { log } = this.#options
    // From here on the phone is nowhere in it.
    const ended: Kept = { ...rest, state: end?.state ?? 'failed', finishedAt: this.#clock(), progress, ...(end === undefined ? {} : { result: end.result }) }
    await this.#note(kept, end === undefined ? 'failed' : end.state === 'refused' ? 'refused' : 'done', end?.summary ?? 'failed')
    await this.#work.requests.save(ended)
    log.info('rights.ended', { shopId: kept.shopId, operation: kept.kind, state: ended.state, ms: this.#clock() - kept.createdAt })
    return ended
  }

  /** @returns undefined when it cannot be done, now or later; @throws what may be better soon */
  async #outcome(task: Task, came: (done: number, total: number) => void): Promise<Outcome | undefined> {
    const { requests } = this.#work
    try {
      return await workers[task.kind].worker(this.#work, task, async (done, total) => {
        came(done, total)
        await requests.save({ ...task, progress: { done, total } })
      })
    } catch (error) {
      const { code } = asMaskError(error)
      if (code === 'store_unavailable' || code === 'store_full') throw error
      this.#options.log.error('rights.failed', { shopId: task.shopId, operation: task.kind, ...errorFields(error) })
      return undefined
    }
  }

  async #note({ id, shopId, kind, actorId, roles }: Kept, result: AuditInput['result'], what: string, reason?: string): Promise<void> {
    await this.#options.audit.append({ shopId, actor: { id: actorId, roles }, action: workers[kind].action, scope: `request ${id}: ${what}`, result, ...(reason === undefined ? {} : { reason }) })
  }

  #keep(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => this.#running.delete(settled))
    this.#running.add(settled)
  }
}

function viewOf({ id, kind, state, proof, actorId, createdAt, finishedAt, expiresAt, progress, result }: Kept): RightsRequest {
  return { id, kind, state, proof, actorId, createdAt, expiresAt, progress, ...(finishedAt === undefined ? {} : { finishedAt }), ...(result === undefined ? {} : { result }) }
}

function withoutResult(request: RightsRequest): RightsRequest {
  const { result, ...rest } = request
  return result === undefined ? request : rest
}

/** The number of a pool from which a person is called: the least busy one in service. @throws pool_drained */
export function quietest(numbers: readonly { readonly number: E164, readonly state: string, readonly live: number }[]): E164 {
  const [first] = numbers.filter(({ state }) => state === 'in_service').sort((a, b) => a.live - b.live)
  if (first === undefined) throw new MaskError('pool_drained')
  return first.number
}
