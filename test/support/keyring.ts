import { randomBytes } from 'node:crypto'
import { createRing } from '../../src/store/keyring/keyring.js'
import type { KeyDestroyed, KeyRing } from '../../src/store/keyring/types.js'
import { createLog } from '../../src/telemetry/log.js'
import { memoryShelf } from './memory-shelf.js'

/** The real key ring over keys in memory: it keeps every promise but being kept. Its methods may be replaced one by one. */
export function memoryKeyRing(clock: () => number = Date.now): KeyRing & { readonly destroyed: KeyDestroyed[] } {
  const ring = createRing(memoryShelf(), { masterKeys: { current: randomBytes(32) }, log: createLog('silent'), clock })
  const destroyed: KeyDestroyed[] = []
  return {
    destroyed,
    use: (...given) => ring.use(...given),
    find: (...given) => ring.find(...given),
    open: (...given) => ring.open(...given),
    list: (...given) => ring.list(...given),
    async destroy(scopes) {
      const proofs = await ring.destroy(scopes)
      destroyed.push(...proofs)
      return proofs
    },
    rewrap: () => ring.rewrap(),
    stats: () => ring.stats(),
    close: () => ring.close()
  }
}
