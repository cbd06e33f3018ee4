import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/** Passes TCP connections on to another port of this machine, and cuts them when told. */
export class Proxy {
  private readonly server: Server
  private readonly open = new Set<Socket>()
  /** How many connections came so far. */
  count = 0

  private constructor(to: number) {
    this.server = createServer((near) => {
      this.count++
      const far = connect(to, '127.0.0.1')
      for (const [one, other] of [[near, far], [far, near]] as const) {
        this.open.add(one)
        one.pipe(other)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          this.open.delete(one)
          other.destroy()
        })
      }
    })
  }

  static async open(t: Pick<Test, 'teardown'>, to: number, port = 0): Promise<Proxy> {
    const proxy = new Proxy(to)
    proxy.server.listen(port, '127.0.0.1')
    await once(proxy.server, 'listening')
    t.teardown(async () => {
      proxy.server.close()
      proxy.cut()
      await once(proxy.server, 'close')
    })
    return proxy
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get live(): number {
    return this.open.size / 2
  }

  /** Ends all connections as a broken network would. */
  cut(): void {
    for (const socket of this.open) {
      // A reset of one that is just being opened or closed would leave the event loop spinning.
      if (socket.readyState === 'open') socket.resetAndDestroy()
      else socket.destroy()
    }
  }
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
