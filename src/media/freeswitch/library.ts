import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import Mrf from 'drachtio-fsmrf'
import { within } from '../../deadline.js'
import { MaskError } from '../../errors.js'
import { readHeaders } from './headers.js'

/** What we need to know of a connection inside drachtio-modesl, the event socket library under drachtio-fsmrf. */
interface Connection {
  closing?: boolean
  socket: Socket | null
  readonly reconnectVars: { retryTimer?: NodeJS.Timeout | null }
  removeAllListeners(): void
}

interface Dialog extends Mrf.Dialog {
  /** Re-INVITEs under way and who waits for them. */
  readonly _reinvitesInProgress: { count: number, readonly admitOne: (() => void)[] }
}

interface Srf {
  createUAC(uri: string, options: unknown): Promise<Dialog>
}

interface Library {
  Connection: new (...args: unknown[]) => Connection
  readonly Parser: { prototype: { _parseHeaderText: (text: string) => Record<string, string | number> } }
}

const ours = createRequire(import.meta.url)
const modesl = createRequire(ours.resolve('drachtio-fsmrf'))('drachtio-modesl') as Library

// The library decodes headers with decodeURIComponent in a socket's data handler: one literal `%` would end the process.
modesl.Parser.prototype._parseHeaderText = readHeaders

/** The connection that each server goes over. */
const connections = new WeakMap<Mrf.MediaServer, Connection>()

/**
 * Connects once.
 * @throws MaskError media_unavailable; the connection is then gone for good, whatever the library had in mind with it
 */
export async function openServer(srf: unknown, options: Mrf.ConnectOptions, deadlineMs: number): Promise<Mrf.MediaServer> {
  let connection: Connection | undefined
  const opening = new Promise<Mrf.MediaServer>((resolve, reject) => {
    connection = connectionMadeBy(() => {
      new Mrf(tame(srf as Srf)).connect(options, (error, server) => {
        if (server === undefined) reject(new MaskError('media_unavailable', { reason: 'connect', cause: error }))
        else resolve(server)
      })
    })
  })
  try {
    const server = await within(deadlineMs, opening, 'media_unavailable', closeServer)
    if (connection !== undefined) connections.set(server, connection)
    return server
  } catch (error) {
    end(connection)
    throw error
  }
}

/** Ends a connection with its listener. Channels that are up keep theirs. */
export function closeServer(server: Mrf.MediaServer): void {
  try {
    server.disconnect()
  } catch {
    // It was not connected.
  }
  end(connections.get(server))
}

/**
 * What the library does with SIP: it makes dialogs, and ends one whose channel does not dial us in time without
 * looking at what comes of it, where a rejection would end the process. And after a re-INVITE that was refused,
 * drachtio-srf lets no other through.
 */
function tame(srf: Srf): Srf {
  return {
    async createUAC(uri, options) {
      const dialog = await srf.createUAC(uri, options)
      const destroy = dialog.destroy.bind(dialog)
      const modify = dialog.modify.bind(dialog)
      dialog.destroy = () => destroy().catch(() => undefined)
      dialog.modify = (sdp) => modify(sdp).catch((error: unknown) => {
        if ((error as { status?: unknown }).status !== undefined) admitNext(dialog)
        throw error
      })
      return dialog
    }
  }
}

function admitNext({ _reinvitesInProgress: waiting }: Dialog): void {
  waiting.count--
  waiting.admitOne.shift()?.()
}

/** Catches the connection that `connect` makes for itself: nobody else could stop it from dialling again and again. */
function connectionMadeBy(connect: () => void): Connection | undefined {
  const Original = modesl.Connection
  let made: Connection | undefined
  modesl.Connection = function (...args: unknown[]): Connection {
    return made = new Original(...args)
  } as unknown as Library['Connection']
  try {
    connect()
  } finally {
    modesl.Connection = Original
  }
  return made
}

function end(connection: Connection | undefined): void {
  if (connection === undefined) return
  connection.closing = true
  clearTimeout(connection.reconnectVars.retryTimer ?? undefined)
  connection.removeAllListeners()
  connection.socket?.destroy()
}
