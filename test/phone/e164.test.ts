import t from 'tap'
import fc from 'fast-check'
import { countryOf, normalise, parseCountry, parsePhone, refusalOf } from '../../src/phone/e164.js'
import { mayDial } from '../../src/phone/dialable.js'
import { MaskError } from '../../src/errors.js'
import type { E164 } from '../../src/phone/types.js'

const policy = { allowedCountries: ['EE', 'SE', 'GB', 'FI'] }

t.test('takes a valid number of an allowed country as it is', async (t) => {
  for (const number of ['+46701740605', '+46701740699', '+442079460000']) {
    t.equal(parsePhone(number, policy), number)
    t.equal(mayDial(number, policy), true)
  }
})

t.test('G23: each refusal has its code, emergency and short numbers among them', async (t) => {
  const cases = {
    phone_invalid: ['', '+', 'x', '46701740605', '0046701740605', '+46 701740605', '+46701740605 ', '+46701740605;ext=3', '+460701740605', '+4670174060', '+467017406055', '+46701740605\n', '\uFF0B46701740605', '+4670174060\u0665', '+0701740605', '+9999999999999999999'],
    phone_emergency: ['112', '+112', '110', '911', '+372112', '+46112', '116000', '+372116000', '+46116111', '1247', '+3721247'],
    phone_not_allowed: ['+449098790000', '+448081570000', '+46771123456', '+870772001234', '+881612345678', '+447012345678', '+12025550123', '+80012345678'],
    phone_is_proxy: ['+442079460003']
  }
  const withProxy = { ...policy, isProxyNumber: (number: string) => number === '+442079460003' }
  for (const [code, numbers] of Object.entries(cases)) {
    for (const number of numbers) {
      t.equal(refusalOf(number, withProxy), code, `${code} ${JSON.stringify(number)}`)
      t.equal(mayDial(number, withProxy), false)
    }
  }
})

t.test('the error names the field and never the value', async (t) => {
  try {
    parsePhone('+4670174060512', policy, 'courier.phone')
    t.fail('accepted')
  } catch (error) {
    t.ok(error instanceof MaskError)
    t.match(error, { code: 'phone_invalid', field: 'courier.phone' })
    t.notMatch(JSON.stringify(error) + String(error) + String((error as Error).stack), /70174/)
  }
})

t.test('a country of ISO 3166-1 or a refusal', async (t) => {
  t.equal(parseCountry('SE'), 'SE')
  for (const text of ['', 'se', 'XX', 'SWE', 'constructor']) t.throws(() => parseCountry(text, 'country'), { code: 'country_unknown', field: 'country' })
  t.equal(countryOf('+442079460000' as E164), 'GB')
  t.equal(countryOf('+881612345678' as E164), 'ZZ')
})

t.test('no input makes it throw anything but a MaskError', async () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^\+?[0-9]{0,20}$/)), (text) => {
    refusalOf(text, policy)
    normalise(text, { country: 'EE' })
    normalise(text, { callingCode: text.slice(0, 3) })
  }), { numRuns: 1000 })
})

t.test('an accepted number normalises to itself', async () => {
  fc.assert(fc.property(fc.stringMatching(/^\+(46|372|44|358)[0-9]{6,10}$/), (text) => {
    if (refusalOf(text, policy) === undefined) return normalise(text, { country: 'SE' }) === text && normalise(text, { country: 'EE' }) === text
    return true
  }), { numRuns: 2000 })
})
