import { readFileSync } from 'node:fs'
import t from 'tap'

const xml = readFileSync(new URL('../../../freeswitch/freeswitch.xml', import.meta.url), 'utf8').replace(/<!--[^]*?-->/g, '')

/** The values of a parameter, wherever it stands. */
const values = (name: string): string[] => [...xml.matchAll(new RegExp(`<param name="${name}" value="([^"]*)"/>`, 'g'))].map((match) => match[1]!)

t.test('the secret comes from the environment, and nothing known is in its place', async (t) => {
  t.same(values('password'), ['$${secret}'])
  t.notMatch(xml, /ClueCon|data="secret=[^$h]/)
  t.ok(xml.indexOf('cmd="exec-set" data="secret=head -c 32 /dev/urandom') < xml.indexOf('cmd="env-set" data="secret=$MASKLINE_FS_SECRET"'))
})

t.test('channels are handed to a fixed address, and only those that Maskline ordered', async (t) => {
  t.same([...xml.matchAll(/application="socket" data="([^"]*)"/g)].map((match) => match[1]), ['$${app} async full'])
  t.notMatch(xml, 'sip_h_')
  t.match(xml, /<context name="mrf">\s*<extension name="endpoint">\s*<condition field="\$\{sip_user_agent\}" expression="\^drachtio-fsmrf:/)
})

t.test('it listens privately and to known peers', async (t) => {
  t.same(values('apply-inbound-acl'), ['peers', 'peers'])
  t.same(values('listen-ip'), ['$${address}'])
  t.same(values('sip-ip'), ['$${address}'])
  t.match(xml, '<list name="peers" default="deny">')
})

t.test('nothing about calls is written', async (t) => {
  const modules = [...xml.matchAll(/<load module="mod_(\w+)"\/>/g)].map((match) => match[1]!)
  t.same(modules.sort(), ['commands', 'console', 'dialplan_xml', 'dptools', 'event_socket', 'opus', 'sndfile', 'sofia', 'tone_stream'])
  t.same(values('loglevel'), ['err', 'err'])
  t.same(values('sip-trace'), ['no'])
  t.same(values('sip-capture'), ['no'])
  t.same(values('log-level'), ['0'])
})

t.test('no packet of one side reaches the other as it is', async (t) => {
  t.same(values('rtp-rewrite-timestamps'), ['true'])
})

t.test('no limit that turns calls away unseen, nothing said unasked', async (t) => {
  t.ok(Number(values('max-sessions')[0]) >= 4000)
  t.ok(Number(values('sessions-per-second')[0]) >= 500)
  for (const name of ['enable-timer', 'send-display-update', 'pass-callee-id', 'manage-presence']) t.same(values(name), ['false'])
})
