import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseMessage, SipParseError } from '../../src/embedded/sip/message/index.js'
import { readSdp } from '../../src/media/sdp.js'
import { freshLine, stage, type Stage } from '../e2e/stage.js'
import { examples } from './examples.js'
import { ipv6Cases } from './rfc5118.js'

const folder = new URL('rfc4475/', import.meta.url)
const rfc4475 = readdirSync(folder).filter((name) => name.endsWith('.dat')).map((name) => ({ name: name.replace('.dat', ''), bytes: readFileSync(new URL(name, folder)) }))

/**
 * What is refused of RFC 4475, and by which rule. All of them are named invalid there but `intmeth`, whose quoted
 * control characters the grammar allows: nothing that can break a line or hide in a log is let in.
 * `multi01` and `mcl01` are left to the implementation (§3.3.8, §3.3.9), and so is `insuf` (§3.3.1).
 */
const refused: Readonly<Record<string, string>> = {
  badinv01: 'via', badvers: 'version', bigcode: 'start_line', clerr: 'content_length', insuf: 'missing_header', intmeth: 'control_character', ltgtruri: 'uri',
  lwsruri: 'start_line', lwsstart: 'start_line', mcl01: 'duplicate_header', mismatch01: 'cseq', mismatch02: 'cseq', multi01: 'duplicate_header', ncl: 'content_length',
  quotbal: 'address', scalar02: 'cseq', scalarlg: 'cseq', trws: 'start_line'
}

const outcome = (bytes: Buffer): string | undefined => {
  try {
    parseMessage(bytes)
    return undefined
  } catch (error) {
    if (error instanceof SipParseError) return error.code
    throw error
  }
}

t.test('RFC 4475: each message is read or refused by a rule', async (t) => {
  t.equal(rfc4475.length, 49)
  for (const { name, bytes } of rfc4475) t.equal(outcome(bytes), refused[name], name)
})

t.test('RFC 5118: IPv6 in every place', async (t) => {
  t.equal(ipv6Cases.length, 12)
  for (const { name, text, refused } of ipv6Cases) t.equal(outcome(Buffer.from(text)), refused, name)
})

t.test('messages of real networks', async (t) => {
  t.ok(examples.length >= 6)
  // In the first of them a quote is not closed, and an identity that cannot be read is none: that is for the call to find out.
  for (const { name, text } of examples) t.equal(outcome(Buffer.from(text)), undefined, name)
})

t.test('all of them arrive during a call, which goes on; nothing of them is printed, and the next call is as good', async (t) => {
  const play = await stage(t)
  const call = await talking(play)
  const socket = createSocket('udp4')
  let answers = 0
  socket.on('message', () => { answers++ })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.teardown(() => { socket.close() })
  const all = [...rfc4475.map(({ bytes }) => bytes), ...ipv6Cases.map(({ text }) => Buffer.from(text)), ...examples.map(({ text }) => Buffer.from(text))]
  for (let round = 0; round < 3; round++) {
    for (const bytes of all) {
      socket.send(bytes, play.sipPort, '127.0.0.1')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  await call.hear(t)
  await call.end()
  const another = await talking(play)
  await another.hear(t)
  await another.end()
  for (const secret of ['vivekg', 'chair-dnrc', 'jdrosen', 'biloxi', 'Caller', '2001:db8']) t.notMatch(play.logged(), secret, 'the log does not repeat it')
  t.comment(`${3 * all.length} messages, ${answers} answers`)
})

t.test('their descriptions are understood or refused', async (t) => {
  for (const { name, text } of ipv6Cases.filter(({ text }) => text.includes('v=0'))) {
    const read = (): unknown => readSdp(text.slice(text.indexOf('v=0')))
    // Its audio is G.711 over IPv4; that its video has another address does not matter.
    if (name === 'mult-ip-in-sdp') t.match(read(), { address: '192.0.2.1', rtpPort: 22334 }, name)
    else t.throws(read, { code: 'media_rejected' }, name)
  }
})

/** A call between the two, in which both have been heard. */
async function talking(play: Stage): Promise<{ hear: (t: { ok: (value: boolean, message: string) => void }) => Promise<void>, end: () => Promise<void> }> {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  call.say(440)
  ringing.say(880)
  const hear: Awaited<ReturnType<typeof talking>>['hear'] = async (t) => {
    t.ok(await ringing.hears(440), 'the callee hears the caller')
    t.ok(await call.hears(880), 'the caller hears the callee')
  }
  return {
    hear,
    end: async () => {
      await call.hangUp()
      await ringing.ended()
    }
  }
}
