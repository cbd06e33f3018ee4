import { readFileSync } from 'node:fs'
import t from 'tap'
import fc from 'fast-check'
import { checkInput, checkReason, mayHoldPhone } from '../../../src/record/audit/rules.js'
import { auditActions } from '../../../src/record/audit/types.js'
import { input } from '../../support/audit.js'

t.test('a phone number in a reason is found in every spelling', async (t) => {
  for (const text of [
    '+46701740605', '0046701740605', '070-174 06 05', '(070) 174.06.05', '46 70 174 06 05', '070/1740605', '5123 4567', '512 34 567',
    '+46·70·174·06·05', '070_174_06_05', '０７０１７４０６０５', '٠٧٠١٧٤٠٦٠٥', '+4670\u200b174\u200b0605', '070 – 174 – 06 05', 'tel:+46 70 174 06 05 ext', 'x0701740605y',
    '2026-11-22 0701740605', '99-99-9999', '1999-13-45',
    '+372 2026-114', '555 2026-114', '2026-114 555', '+1 (555) 2026-114', '2026-1145', '070 2026/11', '1999-114'
  ]) t.ok(mayHoldPhone(text), text)
})

t.test('what is no phone number may be written', async (t) => {
  for (const text of ['', 'letter of 2026-11-22', 'from 2026-11-01 to 2026-11-30', '22.11.2026 at 14:30', '2026-11-22T14:30:00Z', 'case T-4711', '§ 111, 3 of 12', 'order 482135', '112', 'claim 2026-114', 'file 2026/7 of the insurer', 'claims 2026-114 and 2025-9'])
    t.notOk(mayHoldPhone(text), text)
})

t.test('whatever stands between the digits of a number, it is found', async () => {
  const separators = [' ', '-', '.', '(', ')', '/', '\u00a0', '\u2013', '\t', ',', ':']
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.array(fc.constantFrom(...separators), { maxLength: 3 })), { minLength: 9, maxLength: 15 }),
    (parts) => {
      const text = `+46${parts.map(([digit, between]) => `${between.join('')}${digit}`).join('')}`
      return mayHoldPhone(`please ${text} thanks`)
    }
  ))
})

t.test('a reason has words, and bounds', async (t) => {
  t.equal(checkReason('  as the person asked  '), 'as the person asked')
  for (const text of ['', ' \n ', 'x'.repeat(301), 'two\nlines', 'a\u0000b', 'call +46701740605']) t.throws(() => checkReason(text), { code: 'request_invalid', field: 'reason' }, JSON.stringify(text))
})

t.test('an entry says who, what and about what in words of ours', async (t) => {
  t.doesNotThrow(() => checkInput(input({ scope: '+442079460000 draining', reason: 'too many calls' })))
  for (const [change, field] of [
    [{ shopId: '../x' }, 'shopId'], [{ action: 'Drop it' as 'calls.read' }, 'action'], [{ actor: { id: 'Mari Maasikas', roles: [] } }, 'actor'],
    [{ scope: 'x'.repeat(201) }, 'scope'], [{ scope: '123456789012345' }, 'scope'], [{ reason: ' ' }, 'reason']
  ] as const) t.throws(() => checkInput(input(change)), { code: 'request_invalid', field })
})

t.test('every word for what was done is explained', async (t) => {
  const text = readFileSync(new URL('../../../docs/privacy.md', import.meta.url), 'utf8')
  for (const action of auditActions) t.ok(text.includes(`\`${action}\``), action)
  t.equal(new Set(auditActions).size, auditActions.length)
})
