/**
 * The peer of bench/engines.ts: a B2BUA that hands everything on, descriptions too, by drachtio-srf's own createB2BUA.
 * `node --import=tsx bench/engines/pass-through.ts GATEWAY SIP-PORT [DRACHTIO-URL]`; without a URL it brings the embedded SIP
 * server. Prints one line when it is ready.
 */
import Srf from 'drachtio-srf'
import { startSipServer } from '../../src/embedded/sip/index.js'
import { createLog } from '../../src/telemetry/log.js'

interface Library {
  connect(options: { host: string, port: number, secret: string }): void
  on(event: 'connect' | 'error', listener: (error: unknown) => void): void
  invite(handler: (req: { readonly uri: string }, res: unknown) => void): void
  createB2BUA(req: unknown, res: unknown, uri: string, options: { headers: Record<string, string> }): Promise<Record<'uas' | 'uac', { on(event: 'destroy', listener: () => void): void, destroy(): Promise<unknown> }>>
}

const [gateway = '', port = '5060', given] = process.argv.slice(2)
const log = createLog('silent')
const url = new URL(given ?? (await startSipServer({ host: '127.0.0.1', port: Number(port), admin: { host: '127.0.0.1', port: 0, secret: 'a secret for benches only' }, log })).adminUrl)
const srf = new Srf() as unknown as Library
srf.on('error', () => undefined)
srf.on('connect', () => process.stdout.write('ready\n'))
srf.invite((req, res) => {
  const user = /^sip:([^@]+)@/.exec(req.uri)?.[1] ?? ''
  srf.createB2BUA(req, res, `sip:${user}@${gateway}`, { headers: { from: `<sip:${user}@localhost>` } }).then(({ uas, uac }) => {
    uas.on('destroy', () => void uac.destroy())
    uac.on('destroy', () => void uas.destroy())
  }, () => undefined)
})
srf.connect({ host: url.hostname, port: Number(url.port), secret: decodeURIComponent(url.password) })
