import type { Config } from '../config.js'
import type { MediaEngine } from '../media/types.js'
import type { SipPort } from '../sip/types.js'
import { poolKey } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import type { Health, HealthPart } from './types.js'

/** What is asked whether it is there. */
export interface HealthSources {
  readonly store: Store
  readonly pools: Config['pools']
  readonly keyStore: Store
  readonly sip: SipPort
  readonly media: MediaEngine
  readonly drains: () => boolean
}

/** The parts that calls need, each asked anew. */
export function healthOf({ store, pools, keyStore, sip, media, drains }: HealthSources): Health {
  const answers = (work: Promise<unknown>): Promise<boolean> => work.then(() => true, () => false)
  // A cluster answers PING although nobody may have a pool's slot; only PING tells that the disk is full.
  const storeAnswers = (): Promise<unknown> => Promise.all([store.ping(), ...pools.map(({ id }) => store.call('EXISTS', poolKey('pool', id)))])
  return {
    parts: async (): Promise<HealthPart[]> => [
      { name: 'store', ok: await answers(storeAnswers()) },
      { name: 'keys', ok: await answers(keyStore.ping()) },
      { name: 'sip', ok: sip.connected },
      { name: 'media', ok: await answers(media.ping()) },
      // Named only while it is the reason.
      ...(drains() ? [{ name: 'process', ok: false }] : [])
    ]
  }
}
