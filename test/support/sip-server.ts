import { silent } from './log.js'
import { connectDrachtio } from '../../src/sip/drachtio.js'
import type { SipPort } from '../../src/sip/types.js'

export interface TestSipServer {
  readonly url: string
  /** 127.0.0.1 port for UDP and TCP. */
  readonly port: number
  readonly sip: SipPort
  /** Set when the embedded server is under test; undefined with MASKLINE_DRACHTIO_URL. */
  readonly stats: (() => Readonly<Record<string, number>>) | undefined
  close(): Promise<void>
}


/** Whether a real drachtio-server stands in for the embedded one. */
export const realDrachtio = process.env.MASKLINE_DRACHTIO_URL

/** The SIP server under test and a connection to it: the embedded one, or the real one named by the environment. */
export async function startTestSipServer(timers?: { t1: number }): Promise<TestSipServer> {
  if (realDrachtio) {
    const sip = await connectDrachtio({ url: realDrachtio, deadlineMs: 4000, log: silent })
    return { url: realDrachtio, port: portOf(sip), sip, stats: undefined, close: () => sip.close() }
  }
  const { startSipServer } = await import('../../src/embedded/sip/index.js')
  const admin = { host: '127.0.0.1', port: 0, secret: 'a secret for tests only' }
  const server = await startSipServer({ host: '127.0.0.1', port: 0, admin, log: silent, ...(timers ? { timers } : {}) })
  const sip = await connectDrachtio({ url: server.adminUrl, deadlineMs: 4000, log: silent })
  const close = async (): Promise<void> => {
    await sip.close()
    await server.close()
  }
  return { url: server.adminUrl, port: server.sipPort, sip, stats: () => ({ ...server.stats() }), close }
}

function portOf(sip: SipPort): number {
  const udp = sip.addresses.find((address) => address.startsWith('udp/'))
  return Number(udp?.split(':').at(-1))
}
