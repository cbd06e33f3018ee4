import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A message that a shop's system got. */
export interface Got {
  readonly headers: Record<string, string>
  readonly body: string
  readonly event: { type: string, timestamp: string, data: Record<string, unknown> }
}

/** A shop's system: says what it is told to say and keeps what it got. */
export async function receiver(t: Pick<Test, 'teardown'>): Promise<{ url: string, got: Got[], says: { status: number, body: string, delayMs: number }, connections: () => number }> {
  const got: Got[] = []
  const says = { status: 204, body: '', delayMs: 0 }
  let connections = 0
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      got.push({ headers: request.headers as Record<string, string>, body, event: JSON.parse(body) as Got['event'] })
      setTimeout(() => { response.writeHead(says.status, says.status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(says.body) }, says.delayMs)
    })
  })
  server.on('connection', () => { connections++ })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got, says, connections: () => connections }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}
