import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startPrivateRedis } from '../../../src/embedded/redis.js'
import { createAudit } from '../../../src/record/audit/audit.js'
import type { AuditVerdict } from '../../../src/record/audit/types.js'
import { chainKeys, hashOf, readStream, type RawEntry } from '../../../src/record/audit/chain.js'
import { auditStage, input, type AuditStage } from '../../support/audit.js'
import { silent } from '../../support/log.js'
import { testStore } from '../../support/redis.js'

/** Somebody who can write into the data's Redis but has neither the chain's key nor the anchors' Redis. */
class Intruder {
  readonly #keys = chainKeys('one')
  constructor(private readonly stage: AuditStage) {}

  async read(): Promise<RawEntry[]> {
    return readStream(await this.stage.store.call('XRANGE', this.#keys.entries('202601'), '-', '+'))
  }

  /** Puts other entries in the place of all. */
  async write(entries: readonly RawEntry[]): Promise<void> {
    await this.stage.store.del(this.#keys.entries('202601'))
    for (const { id, text, hash } of entries) await this.stage.store.call('XADD', this.#keys.entries('202601'), id, 'e', text, 'h', hash)
  }

  async head(entry: RawEntry): Promise<void> {
    const [at = '', seq = ''] = entry.id.split('-')
    await this.stage.store.hset(this.#keys.head, { seq, at, hash: entry.hash })
  }
}

/** Ten entries; what the intruder does with them; what is found. */
async function after(t: Pick<Test, 'teardown'>, act: (intruder: Intruder, entries: RawEntry[], stage: AuditStage) => Promise<void>): Promise<AuditVerdict> {
  const stage = await auditStage(t)
  for (let at = 0; at < 10; at++) {
    await stage.audit.append(input({ scope: `e${at}`, ...(at === 3 ? { reason: 'as asked' } : {}) }))
    stage.time.now += 1000
  }
  await stage.audit.close()
  const intruder = new Intruder(stage)
  await act(intruder, await intruder.read(), stage)
  return stage.another().verify('one')
}

t.test('G17 what was tampered with is found, and where', async (t) => {
  const cases: Record<string, [Parameters<typeof after>[1], Partial<AuditVerdict>]> = {
    'nothing': [async () => undefined, { whole: true, checked: 10 }],
    'another text': [async (intruder, entries) => intruder.write(entries.map((entry, at) => at === 4 ? { ...entry, text: entry.text.replace('adminkey', 'otherkey') } : entry)), { whole: false, fault: 'changed', brokenAt: 5 }],
    'another reason': [async (intruder, entries) => intruder.write(entries.map((entry, at) => at === 3 ? { ...entry, text: entry.text.replace(/"w":"...../, '"w":"AAAAA') } : entry)), { fault: 'changed', brokenAt: 4 }],
    'another hash': [async (intruder, entries) => intruder.write(entries.map((entry, at) => at === 4 ? { ...entry, hash: 'a'.repeat(32) } : entry)), { fault: 'changed', brokenAt: 5 }],
    'no entry at all': [async (intruder, entries) => intruder.write(entries.map((entry, at) => at === 4 ? { ...entry, text: 'x' } : entry)), { fault: 'unreadable', brokenAt: 5 }],
    'one missing': [async (intruder, entries) => intruder.write(entries.filter((_, at) => at !== 4)), { fault: 'missing', brokenAt: 5 }],
    'the first missing': [async (intruder, entries) => intruder.write(entries.slice(1)), { fault: 'missing', brokenAt: 1 }],
    'two with their contents exchanged': [async (intruder, entries) => intruder.write(entries.map((entry, at) => at === 4 ? { ...entries[5]!, id: entry.id } : at === 5 ? { ...entries[4]!, id: entry.id } : entry)), { fault: 'reordered', brokenAt: 5 }],
    'two with their places exchanged': [async (intruder, entries) => {
      const moved = entries.map((entry, at) => at === 5 ? { ...entry, id: `${Number(entries[4]!.id.split('-')[0]) - 1}-6` } : entry)
      await intruder.write([...moved.slice(0, 4), moved[5]!, moved[4]!, ...moved.slice(6)])
    }, { fault: 'reordered', brokenAt: 5 }],
    'one twice': [async (intruder, entries) => intruder.write([...entries.slice(0, 5), { ...entries[4]!, id: entries[4]!.id.replace('-5', '-99') }, ...entries.slice(5)]), { whole: false, fault: 'reordered' }],
    'one put in between': [async (intruder, entries) => {
      const forged = { id: `${Number(entries[4]!.id.split('-')[0]) + 500}-6`, text: entries[5]!.text.replace('e5', 'e9'), hash: 'b'.repeat(32) }
      await intruder.write([...entries.slice(0, 5), forged, ...entries.slice(5)])
    }, { whole: false, fault: 'changed', brokenAt: 6 }],
    'the end cut off': [async (intruder, entries) => intruder.write(entries.slice(0, 8)), { fault: 'truncated', brokenAt: 9 }],
    'the end cut off, and the head put back': [async (intruder, entries) => {
      await intruder.write(entries.slice(0, 8))
      await intruder.head(entries[7]!)
    }, { fault: 'truncated', brokenAt: 9 }],
    'everything gone': [async (_, __, { store }) => { for await (const names of store.scan('audit*')) if (names.length > 0) await store.del(...names) }, { fault: 'truncated', brokenAt: 1 }],
    'one put behind the head': [async (intruder, entries) => intruder.write([...entries, { ...entries[9]!, id: `${Number(entries[9]!.id.split('-')[0]) + 1}-11` }]), { whole: false }],
    'the beginning cut off, with a checkpoint of the intruder': [async (intruder, entries, { store }) => {
      await intruder.write(entries.slice(5))
      await store.set(chainKeys('one').checkpoint, JSON.stringify({ shopId: 'one', seq: 5, hash: entries[4]!.hash, at: 1, trimmedAt: 1, signature: 'AAAA' }))
    }, { whole: false, fault: 'changed', brokenAt: 1 }],
    'another head': [async (intruder, entries) => intruder.head({ ...entries[9]!, hash: 'c'.repeat(32) }), { whole: false, fault: 'changed', brokenAt: 10 }]
  }
  for (const [what, [act, found]] of Object.entries(cases)) t.match(await after(t, act), found, what)
})

t.test('a chain made anew by somebody with the key is found by an anchor', async (t) => {
  const found = await after(t, async (intruder, entries, { keyRing }) => {
    const key = (await keyRing.find({ purpose: 'audit', owner: 'one', period: '0' }))!
    let ahead = ''
    const made = entries.map(({ id, text }) => {
      const other = text.replace('"e4"', '"e0"')
      ahead = hashOf(key, ahead, other)
      return { id, text: other, hash: ahead }
    })
    await intruder.write(made)
    await intruder.head(made[9]!)
  })
  t.match(found, { whole: false, fault: 'changed', brokenAt: 10 })
})

t.test('a truncation is not forgotten when the chain grows on', async (t) => {
  const found = await after(t, async (intruder, entries, { another, time }) => {
    await intruder.write(entries.slice(0, 6))
    await intruder.head(entries[5]!)
    const audit = another()
    for (let at = 0; at < 20; at++) {
      await audit.append(input({ scope: `n${at}` }))
      time.now += 1000
    }
    await audit.close()
  })
  t.match(found, { whole: false, fault: 'truncated', checked: 26, brokenAt: 10 })
})

t.test('a trim does not hide what was tampered with', async (t) => {
  const stage = await auditStage(t)
  for (let at = 0; at < 10; at++) {
    await stage.audit.append(input({ scope: `e${at}` }))
    stage.time.now += 1000
  }
  const intruder = new Intruder(stage)
  const entries = await intruder.read()
  await intruder.write(entries.map((entry, at) => at === 2 ? { ...entry, text: entry.text.replace('adminkey', 'otherkey') } : entry))
  t.equal(await stage.audit.trim('one', stage.time.now - 5000), 5)
  t.match(await stage.audit.verify('one'), { whole: false, checked: 5, fault: 'changed', brokenAt: 3 })
})

t.test('anchors lie in the key store, by its account alone; while it is away the trail goes on', async (t) => {
  const stage = await auditStage(t)
  const dir = mkdtempSync(join(tmpdir(), 'maskline-keys-'))
  const server = await startPrivateRedis({ dir, log: silent, forKeys: true })
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const anchorStore = await testStore(t, server)
  const audit = createAudit({ ...stage, anchorStore, log: silent, clock: () => stage.time.now })
  await audit.append(input())
  await audit.append(input())
  await audit.close()
  t.match(await audit.verify('one'), { whole: true, checked: 2 })
  t.equal(String(await anchorStore.hget('anchor:{keys}:one', 'seq')), '2')
  await stage.store.hset('audith:{shop.one}', { seq: 1, hash: (await audit.list('one', { limit: 2 })).entries[1]!.hash })
  t.match(await audit.verify('one'), { whole: false, fault: 'changed' })
  await server.close()
  t.match(await audit.append(input({ shopId: 'two' })), { seq: 1 })
  await t.rejects(audit.verify('two'), { code: 'store_unavailable' }, 'but nobody is told that it is whole')
})
