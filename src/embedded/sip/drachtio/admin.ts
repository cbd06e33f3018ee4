import { createServer, type Server, type Socket } from 'node:net'
import type { Timers } from '../transaction/index.js'
import { App, type AppUser } from './app.js'

/** Application connections at once. */
const maxApps = 64

/** The admin port: a listener, and the applications that are connected to it. */
export class AdminPort {
  readonly #server: Server
  readonly #apps = new Set<App>()

  constructor(private readonly secret: string, private readonly timers: Timers, private readonly user: AppUser) {
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** @returns the port. Rejects with the system's error (EADDRINUSE …). */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.user.onError(error))
        resolve()
      })
    })
    return (this.#server.address() as { port: number }).port
  }

  async close(): Promise<void> {
    for (const app of this.#apps) app.close()
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    if (this.#apps.size >= maxApps) {
      socket.on('error', () => undefined).destroy()
      return
    }
    const app: App = new App(socket, this.secret, this.timers, {
      ...this.user,
      onClosed: () => {
        this.#apps.delete(app)
        this.user.onClosed(app)
      }
    })
    this.#apps.add(app)
  }
}
