import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { int } from '../../../src/store/reply.js'
import { createAudit } from '../../../src/record/audit/audit.js'
import { verifySigned } from '../../../src/record/signing.js'
import { auditStage, input } from '../../support/audit.js'
import { silent } from '../../support/log.js'

t.test('entries form a chain, newest first in a page, with the reason readable and sealed in the store', async (t) => {
  const { audit, store, time } = await auditStage(t)
  await audit.append(input({ reason: 'the courier asked for it', scope: 'language' }))
  time.now += 1000
  await audit.append(input({ action: 'calls.read', scope: 'demo-abc' }))
  const { entries, next } = await audit.list('one', { limit: 10 })
  t.match(entries, [
    { seq: 2, action: 'calls.read', scope: 'demo-abc', at: Date.UTC(2026, 0, 31, 12, 0, 1) },
    { seq: 1, action: 'settings.change', reason: 'the courier asked for it', actor: { id: 'adminkey', roles: ['admin'] }, result: 'done' }
  ])
  t.equal(next, undefined)
  t.match(await audit.verify('one'), { whole: true, checked: 2, head: { seq: 2, hash: entries[0]!.hash } })
  t.match(entries[0]!.hash, /^[0-9a-f]{32}$/)
  const dumped = JSON.stringify((await store.call('XRANGE', 'audit:{shop.one}:202601', '-', '+')), (_, part: unknown) => Buffer.isBuffer(part) ? part.toString() : part)
  t.notMatch(dumped, /courier asked/)
})

t.test('a chain that nobody wrote to is whole; each shop has its own', async (t) => {
  const { audit } = await auditStage(t)
  t.match(await audit.verify('one'), { whole: true, checked: 0, head: undefined })
  await audit.append(input())
  await audit.append(input({ shopId: 'system', action: 'key.destroyed' }))
  t.equal((await audit.head('one'))?.seq, 1)
  t.equal((await audit.head('system'))?.seq, 1)
  t.same(await audit.list('two', { limit: 10 }), { entries: [] })
})

t.test('time never goes back, whatever the clock does', async (t) => {
  const { audit, time } = await auditStage(t)
  await audit.append(input())
  time.now -= 3600_000
  const second = await audit.append(input())
  t.equal(second.at, time.now + 3600_000)
  t.equal((await audit.verify('one')).whole, true)
})

t.test('several processes append at once: one chain, nothing lost', async (t) => {
  const { audit, another, store } = await auditStage(t)
  const processes = [audit, another(), another(), another()]
  await Promise.all(processes.flatMap((one, p) => Array.from({ length: 40 }, (_, at) => one.append(input({ scope: `p${p}.${at}` })))))
  t.match(await another().verify('one'), { whole: true, checked: 160 })
  const { entries } = await audit.list('one', { limit: 500 })
  t.equal(new Set(entries.map(({ scope }) => scope)).size, 160)
  t.equal(int(await store.call('XLEN', 'audit:{shop.one}:202601')), 160)
})

t.test('a process that never pauses does not keep another from its entry, which is farther from the store', async (t) => {
  const { audit, another, store, anchorStore, keyRing, signer, time } = await auditStage(t)
  let over = false
  const busy = Array.from({ length: 40 }, async () => {
    while (!over) await audit.append(input({ scope: 'busy' }))
  })
  const runDurably: typeof store.runDurably = async (...command) => {
    await sleep(5)
    return store.runDurably(...command)
  }
  const far = createAudit({ store: { ...store, runDurably }, anchorStore, keyRing, signer, log: silent, clock: () => time.now })
  t.teardown(() => far.close())
  try {
    for (let at = 0; at < 10; at++) t.match(await far.append(input({ scope: 'far' })), { scope: 'far' })
  } finally {
    over = true
    await Promise.all(busy)
  }
  t.match(await another().verify('one'), { whole: true })
})

t.test('more at once than one command takes: in the order in which they came', async (t) => {
  const { audit } = await auditStage(t)
  const entries = await Promise.all(Array.from({ length: 250 }, (_, at) => audit.append(input({ scope: `e${at}` }))))
  t.same(entries.map(({ seq, scope }) => [seq, scope]), entries.map((_, at) => [at + 1, `e${at}`]))
  t.match(await audit.verify('one'), { whole: true, checked: 250 })
})

t.test('each of those that could not be written is told, and the next is', async (t) => {
  const { audit, store } = await auditStage(t)
  await audit.append(input())
  await store.call('CONFIG', 'SET', 'maxmemory', '1')
  const told = await Promise.allSettled(Array.from({ length: 5 }, () => audit.append(input())))
  t.match(told, Array.from(told, () => ({ status: 'rejected', reason: { code: 'store_full' } })))
  await store.call('CONFIG', 'SET', 'maxmemory', '0')
  t.match(await audit.append(input()), { seq: 2 })
  t.match(await audit.verify('one'), { whole: true, checked: 2 })
})

t.test('pages go on where the last one ended, over months, and by action and time', async (t) => {
  const { audit, time } = await auditStage(t)
  const begin = time.now
  for (let at = 0; at < 30; at++) {
    await audit.append(input({ action: at % 3 === 0 ? 'calls.read' : 'settings.change' }))
    time.now += 5 * 86_400_000
  }
  const seen: number[] = []
  let cursor: string | undefined
  do {
    const page = await audit.list('one', { limit: 7, ...(cursor === undefined ? {} : { cursor }) })
    seen.push(...page.entries.map(({ seq }) => seq))
    cursor = page.next
  } while (cursor !== undefined)
  t.same(seen, Array.from({ length: 30 }, (_, at) => 30 - at))
  t.equal((await audit.list('one', { limit: 500, action: 'calls.read' })).entries.length, 10)
  const window = await audit.list('one', { limit: 500, from: begin + 86_400_000, to: begin + 40 * 86_400_000 })
  t.same(window.entries.map(({ seq }) => seq), [8, 7, 6, 5, 4, 3, 2], 'inclusive and exclusive')
  t.match(await audit.verify('one'), { whole: true, checked: 30 })
})

t.test('a trim leaves a signed checkpoint from which the chain goes on', async (t) => {
  const { audit, store, time, signer } = await auditStage(t)
  for (let at = 0; at < 12; at++) {
    await audit.append(input({ scope: `e${at}` }))
    time.now += 10 * 86_400_000
  }
  const eighth = (await audit.list('one', { limit: 12 })).entries.find(({ seq }) => seq === 8)!
  t.ok((await audit.oldest('one'))! < eighth.at)
  t.equal(await audit.trim('one', eighth.at), 7)
  t.equal(await audit.oldest('one'), eighth.at)
  t.equal(await audit.trim('one', eighth.at), 0, 'a second one finds nothing')
  t.match(await audit.verify('one'), { whole: true, checked: 5, head: { seq: 12 } })
  t.equal((await audit.list('one', { limit: 12 })).entries.length, 5)
  const { signature, ...checkpoint } = JSON.parse(String(await store.get('auditc:{shop.one}'))) as { signature: string, seq: number }
  t.equal(checkpoint.seq, 7)
  t.equal(verifySigned(signer.publicKey, checkpoint, signature), true)
  await audit.append(input())
  t.equal(await audit.trim('one', time.now + 1), 6, 'all of it')
  t.equal(await audit.oldest('one'), undefined)
  t.match(await audit.verify('one'), { whole: true, checked: 0, head: { seq: 13 } })
  t.match(await audit.append(input()), { seq: 14 })
  t.match(await audit.verify('one'), { whole: true, checked: 1 })
})

t.test('an exported head must be found again', async (t) => {
  const { audit, time } = await auditStage(t)
  await audit.append(input())
  const head = (await audit.head('one'))!
  time.now += 1000
  await audit.append(input())
  t.match(await audit.verify('one', [head]), { whole: true })
  t.match(await audit.verify('one', [{ ...head, hash: 'f'.repeat(32) }]), { whole: false, fault: 'changed', brokenAt: 1 })
  t.match(await audit.verify('one', [{ ...head, seq: 9 }]), { whole: false, fault: 'truncated', brokenAt: 3 })
  t.match(await audit.verify('one', [{ ...head, shopId: 'two', seq: 9 }]), { whole: true }, 'of another chain')
})
