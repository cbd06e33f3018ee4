import type { Socket } from 'node:net'
import type { SrfClient } from './srf.js'

/** What drachtio-srf keeps about one connection; it sends pings and looks at no answer. */
interface Link {
  readonly authenticated?: boolean
  readonly pendingPingRequests: Set<string>
}

interface Agent {
  readonly mapServer: Map<Socket, Link>
  readonly wp: { readonly socket?: Socket, send(socket: Socket, message: string): string }
}

/** How often the server is asked, in milliseconds. */
const everyMs = 1000

/**
 * Finds out when a SIP server hangs, which drachtio-srf never does, and cuts the connection then: what waits for it
 * fails at once, and drachtio-srf dials anew. A connection that does not get through its greeting is cut alike.
 * @param deadlineMs how long an answer may take
 * @returns what stops it
 */
export function watchHeartbeat(srf: SrfClient, deadlineMs: number, onHung: () => void): () => void {
  const { client: agent } = (srf as unknown as { _app: { client: Agent } })._app
  /** When each connection last showed that it lives, or was first seen. */
  const seen = new Map<Socket, number>()
  const look = (): void => {
    const now = performance.now()
    const sockets = socketsOf(agent)
    for (const socket of seen.keys()) if (!sockets.has(socket)) seen.delete(socket)
    for (const socket of sockets) {
      if (!seen.has(socket) || lives(agent, socket)) seen.set(socket, now)
      else if (now - seen.get(socket)! > deadlineMs) {
        onHung()
        socket.destroy()
      }
    }
  }
  // Answers that came while this process was busy are read first.
  const timer = setInterval(() => setImmediate(look), everyMs).unref()
  return () => { clearInterval(timer) }
}

/** Connections, the one that is being made too. */
function socketsOf({ mapServer, wp }: Agent): Set<Socket> {
  return new Set([...mapServer.keys(), ...(wp.socket?.connecting === true ? [wp.socket] : [])])
}

/** Whether the last ping has its answer; then the next one is sent. */
function lives({ mapServer, wp }: Agent, socket: Socket): boolean {
  const link = mapServer.get(socket)
  if (link?.authenticated !== true || link.pendingPingRequests.size > 0) return false
  link.pendingPingRequests.add(wp.send(socket, 'ping'))
  return true
}
