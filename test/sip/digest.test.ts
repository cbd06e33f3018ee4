import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { authorize } from '../../src/sip/digest.js'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
const get = { method: 'GET', uri: '/dir/index.html' }

t.test('the examples of RFC 2617 and RFC 7616', async (t) => {
  const old = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
  const mufasa = { realm: 'testrealm@host.com', username: 'Mufasa', password: 'Circle Of Life' }
  const value = authorize(old, mufasa, get, '0a4f113b') ?? ''
  t.match(value, 'response="6629fae49393a05397450978507c4ef1"')
  t.match(value, 'opaque="5ccc069c403ebaf9f0171e9517f40e41"')
  t.match(value, /^Digest username="Mufasa", realm="testrealm@host\.com", .*qop=auth, nc=00000001$/)
  const newer = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
  const person = { realm: 'http-auth@example.org', username: 'Mufasa', password: 'Circle of Life' }
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ'
  t.match(authorize(`Digest ${newer}, algorithm=SHA-256, Digest ${newer}, algorithm=MD5`, person, get, cnonce), 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"', 'the first of several')
  t.match(authorize(`Digest ${newer}, algorithm=SHA-512-256, Digest ${newer}, algorithm=MD5`, person, get, cnonce), 'response="8ca523f5e9506fed4657c9700eebdbec"', 'the first that we can meet')
})

t.test('a challenge without qop', async (t) => {
  const value = authorize('DIGEST nonce=abc,realm="a \\"b\\" c"', { realm: 'a "b" c', username: 'u', password: 'p' }, { method: 'INVITE', uri: 'sip:x' }) ?? ''
  t.match(value, `response="${md5(`${md5('u:a "b" c:p')}:abc:${md5('INVITE:sip:x')}`)}"`)
  t.match(value, 'realm="a \\"b\\" c"')
  t.notMatch(value, /cnonce|qop|nc=/)
})

t.test('nothing is computed for a challenge that is not ours', async (t) => {
  const ours = { realm: 'ours', username: 'u', password: 'p' }
  const cases = [
    '', 'Digest', 'Basic realm="ours"', 'Digest realm="theirs", nonce="n"', 'Digest realm="Ours", nonce="n"', 'Digest realm="ours"',
    'Digest realm="ours", realm="theirs", nonce="n"', 'Digest realm="theirs", nonce="n", REALM="ours"',
    'Digest realm="ours", nonce="n", algorithm=MD5-sess', 'Digest realm="ours", nonce="n", qop="auth-int"',
    'Digest realm="ours", nonce="n" garbage', 'Digest realm="ours, nonce="n"', 'realm="ours", nonce="n"'
  ]
  for (const challenge of cases) t.equal(authorize(challenge, ours, get), undefined, challenge)
  t.ok(authorize('Basic realm="ours", Digest realm="theirs", nonce="n", Digest realm="ours", nonce="n"', ours, get))
})

t.test('no challenge breaks it, and nothing in one can add a parameter or a line', async () => {
  const ours = { realm: 'ours', username: 'u', password: 'secret word' }
  const text = fc.string({ unit: fc.constantFrom('"', '\\', ',', '=', ' ', 'a', 'realm', 'ours', 'Digest ') })
  fc.assert(fc.property(text, (garbage) => { authorize(garbage, ours, get) }))
  fc.assert(fc.property(fc.string(), (nonce) => {
    const value = authorize(`Digest realm="ours", nonce="${nonce.replace(/["\\]/g, '\\$&')}"`, ours, get)
    return value === undefined || (value.replace(/"(?:[^"\\]|\\.)*"/g, '""') === 'Digest username="", realm="", nonce="", uri="", response="", algorithm=MD5' && !value.includes('secret word'))
  }))
})
