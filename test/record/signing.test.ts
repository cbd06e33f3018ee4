import t from 'tap'
import { canonicalJson } from '../../src/record/canonical.js'
import { createSigner, verifySigned } from '../../src/record/signing.js'
import { memoryKeyRing } from '../support/keyring.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))

t.test('an installation has one signing key, however many processes begin at once; its private half is sealed', async (t) => {
  const keyRing = memoryKeyRing()
  const signers = await Promise.all(Array.from({ length: 5 }, () => createSigner({ store, keyRing })))
  t.equal(new Set(signers.map(({ publicKey }) => publicKey)).size, 1)
  const signature = signers[0]!.sign({ b: 1, a: [{ d: 'x', c: null }] })
  t.equal(signers[1]!.verifies({ a: [{ c: null, d: 'x' }], b: 1 }, signature), true, 'the order of members does not matter')
  t.equal(signers[1]!.verifies({ a: [{ c: null, d: 'x' }], b: 2 }, signature), false)
  const kept = (await store.get('signing:{system}'))!
  // What a PKCS #8 key of Ed25519 begins with.
  t.notOk(kept.includes(Buffer.from('302e020100300506032b6570', 'hex')))
  await t.rejects(createSigner({ store, keyRing: memoryKeyRing() }), { code: 'internal' }, 'another installation cannot take it over')
})

t.test('what is no key or no signature is not signed', async (t) => {
  const signer = await createSigner({ store: await testStore(t, await testRedis(t)), keyRing: memoryKeyRing() })
  const [publicKey, signature] = [signer.publicKey, signer.sign('text')]
  t.equal(verifySigned(publicKey, 'text', signature), true)
  for (const [key, value] of [['', signature], ['AAAA', signature], [publicKey, ''], [publicKey, 'AAAA'], [publicKey, signature.slice(4)]] as const) t.equal(verifySigned(key, 'text', value), false)
})

t.test('canonical JSON', async (t) => {
  t.equal(canonicalJson({ b: [3, { z: 1, y: undefined }], a: 'ä"\n' }), '{"a":"ä\\"\\n","b":[3,{"z":1}]}')
})
