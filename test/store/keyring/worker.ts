/** A process that uses keys when its parent says so: started by processes.test.ts. */
import { createKeyRing } from '../../../src/store/keyring/keyring.js'
import type { KeyScope } from '../../../src/store/keyring/types.js'
import { createStore } from '../../../src/store/redis.js'
import { silent } from '../../support/log.js'

export interface Setup {
  readonly url: string
  readonly masterKey: string
}

async function main({ url, masterKey }: Setup): Promise<void> {
  const store = createStore({ url, commandTimeoutMs: 10_000, log: silent })
  await store.ready(10_000)
  const ring = createKeyRing({ store, masterKeys: { current: Buffer.from(masterKey, 'base64') }, log: silent })
  process.on('message', (scopes: KeyScope[]) => {
    const tags = scopes.map(async (scope) => (await ring.use(scope, Date.now())).tag('who'))
    void Promise.all(tags).then((all) => process.send?.(all))
  })
  process.send?.('ready')
}

if (process.send !== undefined && process.argv[2] !== undefined) await main(JSON.parse(process.argv[2]) as Setup)
