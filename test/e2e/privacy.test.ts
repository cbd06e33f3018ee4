import t from 'tap'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { courierNumber, customerNumber, stage } from './stage.js'

/** One word for each place in which something about a person can stand; none may turn up anywhere else. */
function canaries(side: string): { headers: [string, string][], words: string[], sdp: (own: string) => string } {
  const words: string[] = []
  const word = (place: string): string => {
    const made = `Kanaar${side}${place}`
    words.push(made)
    return made
  }
  const headers: [string, string][] = [
    'Subject', 'Organization', 'Call-Info', 'Alert-Info', 'Error-Info', 'Reply-To', 'Server', 'In-Reply-To',
    'Remote-Party-ID', 'P-Preferred-Identity', 'P-Access-Network-Info', 'P-Charging-Vector', 'P-Called-Party-ID', 'P-Associated-URI',
    'Diversion', 'History-Info', 'Referred-By', 'Geolocation', 'User-to-User', 'Session-ID', 'Feature-Caps', 'Identity', 'X-Address', 'X-Cisco-Guid'
  ].map((name) => [name, `<sip:${word(name.replaceAll('-', ''))}@example.com>`])
  // A SIP server may refuse these when they are not of their form.
  headers.push(['Warning', `399 ${word('Warning')} "${word('WarningText')}"`], ['Priority', word('Priority')])
  const sdp = (own: string): string => own
    .replace(/^o=\S+/m, `o=${word('origin')}`)
    .replace(/^s=.*/m, `s=${word('session')}\r\ni=${word('info')}\r\nu=http://${word('uri')}/\r\ne=${word('email')}@example.com\r\np=${word('phone')}`)
    .concat(['tool', 'cname', 'candidate', 'ice-ufrag', 'msid', 'label', 'x-anything'].map((name) => `a=${name}:${word(`a${name.replaceAll('-', '')}`)}\r\n`).join(''))
  // The description is made when the call begins; its words must be known before.
  sdp('o=- \r\ns=-\r\n')
  return { headers, words, sdp }
}

/** How a word or a number may be written down. */
function spellings(text: string): Buffer[] {
  const plain = text.replace('+', '')
  const forms = [plain, plain.slice(2), encodeURIComponent(text), Buffer.from(plain).toString('hex'), Buffer.from(text).toString('hex'), plain.replace(/(\d{2})(?=\d)/g, '$1 ')]
  // Base64 looks different at each of three offsets; the outer letters depend on what stands beside.
  for (const lead of ['', 'x', 'xx']) forms.push(Buffer.from(lead + plain).toString('base64').slice(lead.length === 0 ? 0 : 4, -4))
  return forms.filter((form) => form.length >= 7).map((form) => Buffer.from(form))
}

const found = (bytes: Buffer, texts: readonly string[]): string[] => texts.filter((text) => spellings(text).some((form) => bytes.includes(form)))

function filesBelow(dir: string): Buffer[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? filesBelow(path) : [readFileSync(path)]
  })
}

t.test('what one side says of itself reaches neither the other side, nor the log, nor the disk, nor the API', async (t) => {
  const play = await stage(t)
  const a = canaries('A')
  const b = canaries('B')
  const name = 'KanaarAdisplay'
  const line = await play.line({ reference: 'KanaarReference' })
  const call = play.courier.call(line.number, { via: play.via, displayName: name, headers: a.headers, sdp: a.sdp })
  const ringing = await play.customer.nextCall()
  await ringing.ring({ early: true, reason: 'KanaarBringing', headers: b.headers, sdp: b.sdp })
  ringing.say(980)
  t.notOk(await call.hears(980, 1000), 'early media of the callee does not reach the caller')
  ringing.hush()
  await ringing.answer({ reason: 'KanaarBanswer', headers: b.headers, sdp: b.sdp })
  await call.answered()
  call.say(440)
  await ringing.hears(440)
  await call.ask('INFO', a.headers, 'KanaarAinfo')
  await call.ask('OPTIONS', a.headers)
  t.equal((await call.ask('REFER', [['Refer-To', `<sip:${courierNumber}@example.com>`], ...a.headers])).status, 603, 'a transfer is refused')
  t.equal((await ringing.ask('MESSAGE', [['Content-Type', 'text/plain'], ...b.headers], 'KanaarBmessage')).status, 405)
  await ringing.reoffer('sendonly', b.headers)
  await ringing.reoffer('sendrecv', b.headers)
  await call.hangUp([['Reason', 'Q.850;cause=16;text="KanaarAreason"'], ...a.headers])
  await ringing.ended()
  await play.endedCalls(line.id, 1)

  const ofA = [courierNumber, name, 'KanaarAinfo', 'KanaarAreason', ...a.words]
  const ofB = [customerNumber, 'KanaarBringing', 'KanaarBanswer', 'KanaarBmessage', ...b.words]
  t.ok(found(play.courier.sent, ofA).length > 40, 'the courier\'s phone said it all')
  t.ok(found(play.customer.sent, ofB).length > 40, 'and so did the customer\'s')
  t.same(found(play.customer.seen, ofA), [], 'nothing of the courier reached the customer')
  t.same(found(play.courier.seen, ofB), [], 'nothing of the customer reached the courier')

  const everything = [...ofA, ...ofB, 'KanaarReference']
  t.same(found(Buffer.from(play.logged()), everything), [], 'the log')
  t.match(play.logged(), 'call.ended')
  for (const file of filesBelow(play.redisDir)) t.same(found(file, everything), [], 'a file of Redis')
  const answers = await Promise.all([`/v1/deliveries/${line.id}`, `/v1/deliveries/${line.id}/calls`, '/v1/calls', '/v1/numbers', '/readyz'].map((path) => play.api('GET', path)))
  t.same(found(Buffer.from([...answers.map(({ text }) => text), await play.metrics()].join('\n')), [...ofA, ...ofB]), [], 'the API')
})

t.test('the search would find them', (t) => {
  const haystack = (text: string): Buffer => Buffer.from(`before ${text} after`)
  const number = customerNumber
  for (const text of [number, number.slice(3), '%2B46701740606', Buffer.from(number).toString('hex'), Buffer.from(`to ${number} x`).toString('base64'), Buffer.from(`t ${number} x`).toString('base64'), Buffer.from(`${number} x`).toString('base64'), '46 70 17 40 60 6']) {
    t.same(found(haystack(text), [number]), [number], text)
  }
  t.end()
})
