import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface Door {
  /** The URL of what is behind, through the door. */
  readonly url: string
  /** Cuts every connection and takes no more. */
  readonly shut: () => void
  readonly open: () => Promise<void>
  /** Lets nothing pass while on: in both directions, or only back. */
  readonly hold: (on: boolean | 'answers') => void
  /** Connections that came so far. */
  readonly connections: () => number
}

/** A TCP door in front of a server, to play an outage. */
export async function doorTo(t: Pick<Test, 'teardown'>, url: string): Promise<Door> {
  const target = new URL(url)
  const [host, targetPort] = [target.hostname, Number(target.port)]
  const sockets = new Set<Socket>()
  let held: boolean | 'answers' = false
  let connections = 0
  const pass = (from: Socket, to: Socket, open: () => boolean): void => {
    sockets.add(from)
    from.on('data', (data) => { if (open()) to.write(data) }).on('error', () => undefined).on('close', () => to.destroy())
  }
  const server = createServer((client) => {
    connections++
    const behind = connect(targetPort, host)
    pass(client, behind, () => held !== true)
    pass(behind, client, () => held === false)
  })
  const open = (port = 0): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  await open()
  const { port } = server.address() as AddressInfo
  const shut = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(shut)
  target.port = String(port)
  return { url: target.toString(), shut, open: () => open(port), hold: (on) => { held = on }, connections: () => connections }
}
