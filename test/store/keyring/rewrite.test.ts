import t from 'tap'
import { MaskError } from '../../../src/errors.js'
import { createRewriter } from '../../../src/store/keyring/rewrite.js'
import type { Store } from '../../../src/store/redis.js'
import { testRedis, testStore } from '../../support/redis.js'

/** A server whose rewrites are played: each state lasts until it was asked for once. */
function server(states: { busy?: boolean, ok?: boolean, file?: boolean }[], answers: ('begun' | 'refused' | 'away')[] = []): { store: Store, asked: string[] } {
  const asked: string[] = []
  const call = async (command: string): Promise<Buffer> => {
    asked.push(command)
    if (command === 'INFO') {
      const { busy = false, ok = true, file = true } = (states.length > 1 ? states.shift() : states[0]) ?? {}
      return Buffer.from(`# Persistence\r\naof_enabled:${Number(file)}\r\naof_rewrite_in_progress:${Number(busy)}\r\naof_rewrite_scheduled:0\r\naof_last_bgrewrite_status:${ok ? 'ok' : 'err'}\r\n`)
    }
    const answer = answers.shift() ?? 'begun'
    if (answer === 'begun') return Buffer.from('Background append only file rewriting started')
    throw new MaskError(answer === 'away' ? 'store_unavailable' : 'internal')
  }
  const ping = async (): Promise<void> => { if (asked.at(-1) === 'away') throw new MaskError('store_unavailable') }
  return { store: { call, ping } as unknown as Store, asked }
}

const rewrites = (asked: readonly string[]): number => asked.filter((command) => command === 'BGREWRITEAOF').length

t.test('a rewrite that runs already may have begun too early: another one follows', async (t) => {
  const { store, asked } = server([{ busy: true }, { busy: true }, {}, { busy: true }, {}])
  t.equal(await createRewriter(store)(), true)
  t.same(asked, ['INFO', 'INFO', 'INFO', 'BGREWRITEAOF', 'INFO', 'INFO'])
})

t.test('one that begins in the moment between is waited for as well', async (t) => {
  const { store, asked } = server([{}, { busy: true }, {}, { busy: true }, {}], ['refused', 'begun'])
  t.equal(await createRewriter(store)(), true)
  t.equal(rewrites(asked), 2)
})

t.test('a server that does not allow it is told from one that is away', async (t) => {
  const refusing = server([{}], Array.from({ length: 50 }, () => 'refused'))
  t.equal(await createRewriter(refusing.store)(), false)
  t.ok(rewrites(refusing.asked) <= 10)
  const away = server([{}], ['away'])
  away.store.ping = async () => { throw new MaskError('store_unavailable') }
  await t.rejects(createRewriter(away.store)(), { code: 'store_unavailable' })
})

t.test('a rewrite that fails is an error, and no file needs none', async (t) => {
  await t.rejects(createRewriter(server([{}, { busy: true }, { ok: false }]).store)(), { code: 'store_unavailable' })
  const none = server([{ file: false }])
  t.equal(await createRewriter(none.store)(), true)
  t.equal(rewrites(none.asked), 0)
})

t.test('who asks while one runs gets the next one, all of them the same', async (t) => {
  const { store, asked } = server([{}, { busy: true }, { busy: true }, {}])
  const rewrite = createRewriter(store)
  t.same(await Promise.all([rewrite(), rewrite(), rewrite(), rewrite()]), [true, true, true, true])
  t.equal(rewrites(asked), 2)
  await rewrite()
  t.equal(rewrites(asked), 3)
})

t.test('a real server', async (t) => {
  const store = await testStore(t, await testRedis(t))
  const rewrite = createRewriter(store)
  t.same(await Promise.all([rewrite(), createRewriter(store)(), rewrite()]), [true, true, true])
})
