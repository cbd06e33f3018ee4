import t from 'tap'
import { mentionsPhone } from '../../src/phone/mention.js'

t.test('phone numbers in every spelling are found', async (t) => {
  const spellings = [
    '+46701740605', '0046701740605', '070 174 06 05', '0701740605', '(070) 174-06-05', 'call 46.701.740.605 please', '7 0 1 7 4 0 6',
    '％2B46701740605', '٤٦٧٠١٧٤٠٦٠٥', '４６７０１７４０６０５', '4670\u200b174\u200b0605', '+46\u00a0701\u202f740\u00a0605', '46,701,740,605', '5551234'
  ]
  for (const text of spellings) t.ok(mentionsPhone(text), text)
})

t.test('dates, times, short numbers and words are none', async (t) => {
  const harmless = ['', 'asked by the insurance', 'case 123456', '2026-11-21', '2026-11-21 12:30 to 2026-11-22T08:15:00', '21.11.2026 kell 12:30', '1/2/2026', 'ESS § 111¹ lg 2', 'tickets 12345 and 67890 of team 4']
  for (const text of harmless) t.notOk(mentionsPhone(text), text)
})
