/** The embedded SIP server as a process of its own: `sip-server.ts <host> <port> <admin port> <secret>`. Answers any message with what is alive in it. */
import { startSipServer } from '../../src/embedded/sip/index.js'
import { createLog } from '../../src/telemetry/log.js'

const [host = '', port, adminPort, secret = ''] = process.argv.slice(2)
const sip = await startSipServer({ host, port: Number(port), admin: { host: '127.0.0.1', port: Number(adminPort), secret }, log: createLog('silent') })
process.on('message', () => process.send?.(sip.stats()))
process.on('disconnect', () => process.exit())
process.send?.('ready')
