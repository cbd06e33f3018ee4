import t from 'tap'
import fc from 'fast-check'
import { callerIdentity, type IdentityHeaders, type IdentityTrust } from '../../src/phone/identity.js'

const both: IdentityTrust = { identity: ['pai', 'from'], country: 'SE' }
const number = '+46701740605'
const identify = (headers: Partial<IdentityHeaders>, trust = both): ReturnType<typeof callerIdentity> =>
  callerIdentity({ pai: [], from: '', privacy: [], ...headers }, trust)
const fromPai = (...pai: string[]): string | undefined => identify({ pai }).number

const spellings = [
  'sip:+46701740605@carrier.test', 'sips:+46701740605@[2001:db8::1]:5061', 'SIP:+46701740605@carrier.test;user=phone',
  'sip:0701740605@carrier.test', 'sip:0046701740605@carrier.test', 'sip:46701740605@carrier.test', 'sip:701740605@carrier.test',
  'sip:%2B46701740605@carrier.test', 'sip:%2b46%37%301740605@carrier.test', 'sip:+46-70-174.06(05)@carrier.test', 'sip:+46%2070%20174%2006%2005@carrier.test',
  'sip:+46701740605;cpc=ordinary@carrier.test;user=phone', 'sip:+46701740605;verstat=TN-Validation-Passed@carrier.test', 'sip:+46701740605;isub=12@carrier.test',
  'sip:+46701740605:secret@carrier.test', 'sip:+46701740605;npdi;rn=+46701740699@carrier.test', 'sip:+46701740605@carrier.test?Replaces=x',
  'tel:+46701740605', 'TEL:+46-70-174-06-05', 'tel:+46701740605;verstat=TN-Validation-Passed', 'tel:0701740605;phone-context=carrier.test',
  'tel:0701740605;phone-context=+46', 'tel:701740605;Phone-Context=%2B46', 'tel:+46(0)701740605'
]

const wrappings: readonly ((uri: string) => string)[] = [
  (uri) => `<${uri}>`, (uri) => `"Kim, the <courier>" <${uri}>`, (uri) => `Kim <${uri}>;x=1`, (uri) => `"a \\" <sip:+46701740699@x>" <${uri}>`, (uri) => `  <${uri}>  `
]

t.test('every spelling of one number is one identity, wherever it stands', async (t) => {
  for (const uri of spellings) t.equal(fromPai(uri), number, uri)
  fc.assert(fc.property(fc.constantFrom(...spellings), fc.constantFrom(...wrappings), (uri, wrap) =>
    fromPai(wrap(uri)) === number && identify({ from: `${wrap(uri)};tag=abc` }).number === number), { numRuns: 300 })
})

t.test('the same digits in another country or context are not the same person', async (t) => {
  t.equal(identify({ pai: ['sip:0701740605@c'] }, { ...both, country: 'EE' }).number, undefined)
  t.equal(identify({ pai: ['tel:02079460000;phone-context=+44'] }).number, '+442079460000')
  t.equal(identify({ pai: ['tel:0701740605;phone-context=+46'] }, { ...both, country: 'EE' }).number, number)
  t.equal(fromPai('tel:174605;phone-context=+4670'), undefined, 'a prefix that is no calling code')
  t.equal(fromPai('tel:701740605;phone-context=+467'), undefined)
  t.equal(identify({ pai: ['sip:02079460000@c'] }, { ...both, country: 'GB' }).number, '+442079460000')
  t.equal(identify({ pai: ['sip:2079460000@c'] }, { ...both, country: 'EE' }).number, undefined, 'nothing is repaired')
})

t.test('what is no subscriber number is no identity', async (t) => {
  const users = ['anonymous', 'restricted', 'unavailable', 'unknown', 'Asterisk', '', '+', '00000', '112', '+112', '+46112', '110', '116000', '+46116000', '911', '1247',
    '\uFF0B46701740605', '+4670174060\u0665', '+46701740605%00', '+46701740605%0d%0aX', '%', '%zz', '+46%C3%A901740605', '+46701740605#', 'x'.repeat(9000), '+46701740605 1', '9'.repeat(40)]
  for (const user of users) {
    t.equal(fromPai(`<sip:${user}@carrier.test>`), undefined, user.slice(0, 30))
    t.equal(identify({ from: `<tel:${user}>` }).number, undefined)
  }
  for (const value of ['<sip:+46701740605@a@b>', '<sip:+46701740605@c>\r\nX: y', '\u0000<sip:+46701740605@c>', '<mailto:+46701740605@c>', '<+46701740605>', '<sip:+46701740605@c', 'sip:carrier.test', '"<sip:+46701740605@c>"']) {
    t.equal(fromPai(value), undefined, JSON.stringify(value))
  }
})

t.test('a national number belongs to the country of its trunk: over the border it is somebody else, or nobody', async (t) => {
  const on = (country: string, user: string): string | undefined => identify({ pai: [`<sip:${user}@carrier.test>`] }, { ...both, country }).number
  // Research table: in, Estonian trunk, Finnish trunk.
  const rows: [string, string | undefined, string | undefined][] = [
    ['+37251234567', '+37251234567', '+37251234567'], ['0037251234567', '+37251234567', '+37251234567'], ['51234567', '+37251234567', '+35851234567'],
    ['+372-5123-4567', '+37251234567', '+37251234567'], ['5123456', '+3725123456', '+3585123456'], ['051234567', undefined, '+35851234567'],
    ['0401234567', undefined, '+358401234567'], ['+358401234567', '+358401234567', '+358401234567'], ['112', undefined, undefined], ['+372112', undefined, undefined], ['1247', undefined, undefined]
  ]
  for (const [user, ee, fi] of rows) t.same([on('EE', user), on('FI', user)], [ee, fi], user)
})

t.test('Estonian mobiles have seven or eight digits, and one is never taken for the other', async (t) => {
  const ee = (user: string, country = 'EE'): string | undefined => identify({ pai: [`<sip:${user}@carrier.test>`] }, { ...both, country }).number
  fc.assert(fc.property(fc.constantFrom('50', '51', '52', '53'), fc.stringMatching(/^\d{5,6}$/), (prefix, rest) => {
    const national = prefix + rest
    const numbers = [national, `372${national}`, `+372${national}`, `00372${national}`, `+372-${prefix} ${rest};cpc=ordinary`, `%2B372${national}`].map((user) => ee(user))
    return new Set(numbers).size === 1 && (numbers[0] === undefined || numbers[0] === `+372${national}`)
  }), { numRuns: 300 })
  t.equal(ee('50000000')?.length, 12)
  t.equal(ee('5000000')?.length, 11)
  t.not(ee('50000000'), ee('5000000'))
  for (const user of ['050000000', '+372050000000', '500000', '500000000', '112', '372112', '+372112', '116111', '1247', '+3721247']) t.equal(ee(user), undefined, user)
  t.not(ee('50000000', 'SE'), '+37250000000', 'on another country\'s trunk it is somebody else or nobody')
})

t.test('whoever sends what, every field of Privacy is looked at and none takes a wish back', async () => {
  const values = fc.array(fc.constantFrom('none', 'session', 'id', 'ID', 'user', 'header', 'critical', 'x', ''), { minLength: 1, maxLength: 3 })
  fc.assert(fc.property(fc.array(fc.tuple(values, fc.constantFrom(';', ' ; ', ',', ', ')), { minLength: 1, maxLength: 3 }), (fields) => {
    const privacy = fields.map(([parts, mark]) => parts.join(mark))
    const wish = fields.some(([parts]) => parts.some((part) => ['id', 'user', 'header', 'critical'].includes(part.toLowerCase())))
    return identify({ pai: [`<sip:${number}@c>`], privacy }).withheld === wish
  }), { numRuns: 300 })
})

t.test('what the trunk does not vouch for counts for nothing, whatever it says', async () => {
  const any = fc.oneof(fc.constantFrom(...spellings.map((uri) => `<${uri}>`), '<sip:anonymous@anonymous.invalid>', '<sip:+46701740606@c>', '<sip:+46112@c>', '"'), fc.string({ maxLength: 40 }))
  const byPai = { ...both, identity: ['pai'] as const }
  const byFrom = { ...both, identity: ['from'] as const }
  fc.assert(fc.property(any, any, (pai, from) =>
    identify({ pai: [pai], from }, byPai).number === identify({ pai: [pai] }, byPai).number
    && identify({ pai: [pai], from }, byFrom).number === identify({ from }, byFrom).number
    && identify({ pai: [pai], from }, { ...both, identity: [] }).number === undefined), { numRuns: 500 })
})

t.test('display names are never looked at', async (t) => {
  t.equal(fromPai('"+46701740699" <sip:+46701740605@c>'), number)
  t.equal(fromPai('"+46701740605" <sip:kim@c>'), undefined)
  t.same(identify({ from: '"Anonymous" <sip:+46701740605@c>' }), { number, withheld: false })
})

t.test('several asserted identities must agree', async (t) => {
  t.equal(fromPai('"K" <sip:+46701740605@c>, <tel:+46701740605>'), number)
  t.equal(fromPai('<sip:0701740605@c>', '<tel:+46701740605>'), number)
  t.equal(fromPai('<sip:kim@c>, <tel:+46701740605>'), number, 'a name beside a number')
  t.equal(fromPai('<sip:+46701740605@c>, <tel:+46701740606>'), undefined)
  t.equal(fromPai('<sip:+46701740605@c>', '<sip:+46701740606@c>'), undefined)
  t.equal(fromPai('<sip:+46701740605@c>, <tel:+46112>'), undefined, 'a number beside digits that are none')
})

t.test('the first trusted header that is present decides', async (t) => {
  const headers = { pai: ['<sip:+46701740605@c>'], from: '<sip:+46701740606@c>' }
  t.equal(identify(headers).number, number)
  t.equal(identify(headers, { ...both, identity: ['from', 'pai'] }).number, '+46701740606')
  t.equal(identify(headers, { ...both, identity: ['from'] }).number, '+46701740606')
  t.equal(identify({ ...headers, pai: [] }, { ...both, identity: ['pai'] }).number, undefined, 'From is not vouched for')
  t.equal(identify({ ...headers, pai: ['<sip:account@c>'] }).number, undefined, 'an unusable assertion is not replaced by From')
  t.equal(identify({ ...headers, pai: [''] }).number, '+46701740606')
})

t.test('G24: who wishes not to be shown is withheld, and may still be known inside', async (t) => {
  const pai = ['<sip:+46701740605@c>']
  for (const privacy of [['id'], ['ID; critical'], ['user;header'], ['none', 'id'], ['header, x']]) t.same(identify({ pai, privacy }), { number, withheld: true }, privacy.join())
  for (const privacy of [[], ['none'], ['session'], ['']]) t.same(identify({ pai, privacy }), { number, withheld: false }, privacy.join())
  for (const from of ['"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', 'sip:Anonymous@carrier.test', '<sip:restricted@c>', '<sip:x@Anonymous.Invalid:5060>', 'tel:anonymous']) {
    t.same(identify({ pai, from }), { number, withheld: true }, from)
    t.equal(identify({ from }).number, undefined)
  }
})

t.test('no header makes it throw or answer with anything but E.164', async () => {
  const mean = fc.array(fc.constantFrom('sip:', 'tel:', '<', '>', '"', ',', ';', '@', ':', '%', '%2B', '+46', '701740605', '112', '\\', '\r\n', '\u0000', '\uFF0B', 'phone-context=', '=', '?', '[', ']'), { maxLength: 20 }).map((parts) => parts.join(''))
  const text = fc.oneof(mean, fc.string({ unit: 'binary', maxLength: 60 }))
  fc.assert(fc.property(fc.array(text, { maxLength: 3 }), text, fc.array(text, { maxLength: 2 }), fc.constantFrom('SE', 'EE', 'XX'), (pai, from, privacy, country) => {
    const found = callerIdentity({ pai, from, privacy }, { ...both, country })
    return found.number === undefined || /^\+[1-9]\d{6,14}$/.test(found.number)
  }), { numRuns: 3000 })
})
