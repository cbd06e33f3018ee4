import t from 'tap'
import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createKeyRing } from '../../../src/store/keyring/keyring.js'
import type { KeyScope } from '../../../src/store/keyring/types.js'
import { silent } from '../../support/log.js'
import { program } from '../../support/program.js'
import { testRedis, testStore } from '../../support/redis.js'
import type { Setup } from './worker.js'

const worker = program(new URL('./worker.ts', import.meta.url))
const processes = 4
const rounds = 20

async function start(setup: Setup): Promise<ChildProcess> {
  const child = fork(worker.file, [JSON.stringify(setup)], { execArgv: worker.execArgv })
  t.teardown(() => child.kill())
  await once(child, 'message')
  return child
}

async function tagsOf(child: ChildProcess, scopes: readonly KeyScope[]): Promise<string[]> {
  const answer = once(child, 'message')
  child.send(scopes)
  return (await answer as [string[]])[0]
}

t.test('several processes that want the same new keys at the same moment get the same ones', async (t) => {
  const redis = await testRedis(t)
  const masterKey = randomBytes(32)
  const children = await Promise.all(Array.from({ length: processes }, () => start({ url: redis.url, masterKey: masterKey.toString('base64') })))
  const seen = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const scopes = Array.from({ length: 10 }, (_, at): KeyScope => ({ purpose: 'record', owner: `shop${round}-${at}`, period: '0' }))
    const answers = await Promise.all(children.map((child) => tagsOf(child, scopes)))
    for (const answer of answers) t.same(answer, answers[0])
    for (const tag of answers[0]!) seen.add(tag)
  }
  t.equal(seen.size, rounds * 10, 'every scope its own')
  const ring = createKeyRing({ store: await testStore(t, redis), masterKeys: { current: masterKey }, log: silent })
  t.teardown(() => ring.close())
  t.equal((await ring.list()).length, rounds * 10)
})
