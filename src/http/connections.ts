import type { Socket } from 'node:net'
import type { Api } from './types.js'

/**
 * Ends every connection on which no request is under way when the server closes, and the others after
 * their answer. Node itself waits for those that have not sent a request yet, and for keep-alive ones
 * whose last answer went out after the close had begun.
 */
export function endConnectionsOnClose(app: Api): void {
  const open = new Set<Socket>()
  const busy = new Set<Socket>()
  let closing = false
  app.server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      busy.delete(socket)
    })
  })
  app.addHook('onRequest', async (request) => { busy.add(request.raw.socket) })
  app.addHook('onResponse', async (request) => {
    const { socket } = request.raw
    busy.delete(socket)
    if (closing && open.has(socket)) socket.end()
  })
  app.addHook('preClose', async () => {
    closing = true
    for (const socket of open) if (!busy.has(socket)) socket.destroy()
  })
}
