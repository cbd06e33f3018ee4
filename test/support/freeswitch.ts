import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from 'tap'
import { createSrf } from '../../src/sip/srf.js'
import { realDrachtio, startTestSipServer } from './sip-server.js'

/** The real FreeSWITCH to test with, `esl://:secret@host:port`, started with our folder freeswitch/ on this machine. */
export const realFreeswitch = process.env.MASKLINE_FREESWITCH_URL

/** Why the tests with a real one cannot run; undefined when they can. */
export const noFreeswitch = realFreeswitch === undefined ? 'no FreeSWITCH (set MASKLINE_FREESWITCH_URL, and MASKLINE_FREESWITCH_APP to the address of its dialplan)' : undefined

/** Where the dialplan of the real one dials (MASKLINE_FS_APP there). */
export function listenForFreeswitch(): { host: string, port: number } {
  const [host = '', port = ''] = (process.env.MASKLINE_FREESWITCH_APP ?? '127.0.0.1:8084').split(':')
  return { host, port: Number(port) }
}

/** A connected drachtio-srf over the real drachtio-server of MASKLINE_DRACHTIO_URL, else over the embedded SIP server. */
export async function connectedSrf(t: Pick<Test, 'teardown'>): Promise<unknown> {
  const server = realDrachtio === undefined ? await startTestSipServer() : undefined
  const { hostname, port, password } = new URL(server?.url ?? realDrachtio!)
  const srf = createSrf()
  srf.on('error', () => undefined)
  const connected = new Promise<void>((resolve) => srf.on('connect', () => resolve()))
  srf.connect({ host: hostname, port: Number(port), secret: decodeURIComponent(password), enablePing: false, reconnect: { retryMaxDelay: 1000 } })
  await connected
  t.teardown(async () => {
    srf.disconnect()
    await server?.close()
  })
  return srf
}

/** How many channels a FreeSWITCH has. */
export async function channelsOf(url: string): Promise<number> {
  const body = await ask(url, 'status')
  return Number(/^(\d+) session\(s\) - peak/m.exec(body)?.[1])
}

async function ask(url: string, command: string): Promise<string> {
  const { hostname, port, password } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`auth ${decodeURIComponent(password)}\n\napi ${command}\n\nexit\n\n`)
  let text = ''
  socket.setEncoding('utf8').on('data', (data: string) => { text += data })
  await once(socket, 'close')
  return text
}
