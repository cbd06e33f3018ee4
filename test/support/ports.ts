import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that the system gives to whoever asks for any. */
const [first, end] = [17_000, 20_000]

/**
 * A port of 127.0.0.1 that nobody has, neither TCP nor UDP. Nobody is given it by chance before it is used, nor
 * while the server that uses it is down for a moment.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(first, end)
  return await freeTcp(port) && await freeUdp(port) ? port : freePort()
}

async function freeTcp(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return false
  }
  await once(server.close(), 'close')
  return true
}

async function freeUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
