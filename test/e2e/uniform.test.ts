import t from 'tap'
import { RawCaller, type RawResponse } from '../support/raw-caller.js'
import { classes, shortLines, strangers } from '../support/strangers.js'
import { startWhole } from '../support/whole.js'

/** What differs between any two calls: what the caller sent itself, tags, branches, ports, ids of the session and how many digits those have. */
function withoutIds({ text }: RawResponse, caller: string, dialled: string): string {
  return text.replaceAll(caller, 'CALLER').replaceAll(dialled, 'DIALLED')
    .replace(/(branch|tag)=[^;\r\n]+/g, '$1=ID').replace(/^(Call-ID:).*/gim, '$1 ID')
    .replace(/^o=(\S+) \d+ (\d+)/m, 'o=$1 ID $2').replace(/^m=audio \d+/m, 'm=audio PORT').replace(/^(Content-Length:) \d{3}\r$/m, '$1 LENGTH').replace(/^(a=rtcp:)\d+/m, '$1PORT').replace(/(udp|127\.0\.0\.1):\d+/g, '$1:PORT')
}

t.test('a number that is unknown, not yours, long over, or over for others: the same bytes but for ids', async (t) => {
  const whole = await startWhole(t, shortLines)
  const callers = await strangers(whole)
  const caller = await RawCaller.open(whole.sipPort)
  t.teardown(() => caller.close())
  for (const round of [1, 2]) {
    const told = await Promise.all(classes.map(async (name) => {
      const { from, dialled } = callers[name]
      return (await caller.call({ from, dialled })).map((response) => withoutIds(response, from, dialled))
    }))
    t.same(told[0]!.map((text) => Number(text.slice(8, 11))), [100, 183, 480], 'an announcement and a refusal')
    classes.forEach((name, at) => t.strictSame(told[at], told[0], `round ${round}: ${name}`))
  }
  await whole.idle()
  const party = await caller.call({ from: '+46701740605', dialled: callers.over_not_yours.dialled })
  t.equal(party.at(-1)!.status, 410, 'only a party hears that it is over: the comparison can tell')
})
