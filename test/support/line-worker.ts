/** A process that does with lines what its parent says: started by test/line/processes.test.ts. */
import { asMaskError } from '../../src/errors.js'
import { createLines } from '../../src/line/lines.js'
import type { DeliveryChange, Lines, Lookup, NewDelivery, Party } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import { createKeyRing } from '../../src/store/keyring/keyring.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { lineConfig, type LineOverrides } from './lines.js'

export type Op =
  | { readonly op: 'allocate', readonly delivery: NewDelivery }
  | { readonly op: 'change', readonly id: string, readonly change: DeliveryChange }
  | { readonly op: 'addPhone', readonly id: string, readonly party: Party, readonly phone: E164 }
  | { readonly op: 'close', readonly id: string }
  | { readonly op: 'lookup', readonly number: string, readonly caller: E164, readonly callId: string }

export interface Done {
  /** `ok` or the code of the refusal. */
  readonly code: string
  readonly id?: string
  readonly number?: string
  readonly found?: Lookup
}

export interface Setup {
  readonly url: string
  readonly keysUrl: string
  readonly masterKey: string
  /** How fast time goes by in this process's belief: 1 is right, 0 stands still. */
  readonly pace: number
  readonly overrides: LineOverrides
}

/** From the parent: do these, all at once, at this time. */
export interface Batch {
  readonly now: number
  readonly ops: readonly Op[]
}

let now = 0

async function perform(lines: Lines, op: Op): Promise<Done> {
  try {
    switch (op.op) {
      case 'allocate': {
        const { id, number } = await lines.allocate(op.delivery)
        return { code: 'ok', id, number }
      }
      case 'change': await lines.change('shop', op.id, op.change); break
      case 'addPhone': await lines.addPhone('shop', op.id, op.party, op.phone); break
      case 'close': await lines.close('shop', op.id); break
      case 'lookup': {
        const found = await lines.lookup(op.number, op.caller, op.callId)
        if (found.kind === 'connect' || found.kind === 'over') await lines.release(found.deliveryId, op.callId)
        return { code: found.kind, found }
      }
    }
    return { code: 'ok' }
  } catch (error) {
    return { code: asMaskError(error).code }
  }
}

async function main({ url, keysUrl, masterKey, overrides, pace }: Setup): Promise<void> {
  const log = createLog('silent')
  const [store, keyStore] = [url, keysUrl].map((one) => createStore({ url: one, commandTimeoutMs: 10_000, log })) as [Store, Store]
  await Promise.all([store.ready(10_000), keyStore.ready(10_000)])
  const clock = (): number => now
  const keys = createKeyRing({ store: keyStore, masterKeys: { current: Buffer.from(masterKey, 'base64') }, log, clock })
  const lines = createLines({ store, keys, config: lineConfig(overrides), log, clock, elapsed: () => now * pace })
  process.on('message', (batch: Batch) => {
    now = batch.now
    void Promise.all(batch.ops.map((op) => perform(lines, op))).then((done) => process.send?.(done))
  })
  process.send?.('ready')
}

if (process.send !== undefined && process.argv[2] !== undefined) await main(JSON.parse(process.argv[2]) as Setup)
