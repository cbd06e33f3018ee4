import t, { type Test } from 'tap'
import type { EmbeddedSipServer } from '../../../src/embedded/sip/index.js'
import { connectApp, nothingLeft, sdp, startServer, type App, type SrfDialog, type SrfMessage, type SrfRequest } from './support/app.js'
import { freePort } from '../../support/ports.js'
import { sipp, type SippOptions } from './support/sipp.js'
import { until } from './support/until.js'

// Each test mostly waits for timers to run out; they do not disturb each other.
t.jobs = 8

// A SIPp that is slow to answer takes the copy of an INVITE for something unexpected; it may go on.
const lenient = ['-default_behaviors', 'all,-abortunexp']

interface Line {
  readonly server: EmbeddedSipServer
  readonly app: App
  /** The waiting SIPp. */
  readonly uri: string
  readonly options: { localSdp: string; headers: Record<string, string> }
}

/** A call that must fail with a status. */
async function refused(t: Test, call: Promise<unknown>, status: number, why = `refused with ${status}`): Promise<void> {
  const outcome = await call.then(() => 'answered', (error: unknown) => (error as { status?: number }).status)
  t.equal(outcome, status, why)
}

/** An application that is an unmodified drachtio-srf calls SIPp. */
async function dial(t: Test, scenario: string, talk: (line: Line) => Promise<void>, more: Partial<SippOptions> = {}, timers = { t1: 40 }): Promise<void> {
  const server = await startServer(t, { timers })
  const app = await connectApp(t, server)
  const port = await freePort()
  const callee = await sipp({ scenario, port, ...more, more: [...lenient, ...more.more ?? []] })
  const uri = `sip:+46701740606@127.0.0.1:${port}${more.transport === 't1' ? ';transport=tcp' : ''}`
  await talk({ server, app, uri, options: { localSdp: sdp, headers: { From: '<sip:+442079460000@localhost>', Contact: '<sip:+442079460000@localhost>' } } })
  t.same(await callee.done, { code: 0, complaints: '' }, `${scenario} went as written`)
  await nothingLeft(t, server)
}

t.test('SIPp’s own callee, over UDP and TCP', async (t) => {
  for (const transport of ['u1', 't1'] as const) {
    await dial(t, 'uas', async ({ app, uri, options }) => {
      const dialogs = await Promise.all(Array.from({ length: 10 }, () => app.createUAC(uri, { ...options })))
      t.equal(new Set(dialogs.map((dialog) => dialog.sip.callId)).size, 10)
      await Promise.all(dialogs.map((dialog) => dialog.destroy()))
    }, { transport, calls: 10 })
  }
})

t.test('a callee on a network that loses every tenth packet', async (t) => {
  await dial(t, 'callee-patient', async ({ app, uri, options }) => {
    const talk = async (): Promise<void> => {
      const dialog = await app.createUAC(uri, { ...options })
      await new Promise((resolve) => setTimeout(resolve, 500))
      await dialog.destroy()
    }
    await Promise.all(Array.from({ length: 20 }, talk))
  }, { calls: 20, more: ['-lost', '10'] }, { t1: 80 })
})

t.test('a refusal with its ACK', async (t) => {
  await dial(t, 'callee-busy', async ({ app, uri, options }) => {
    await refused(t, app.createUAC(uri, options), 486)
  })
})

t.test('nobody answers at all: 408', async (t) => {
  const server = await startServer(t)
  const app = await connectApp(t, server)
  await refused(t, app.createUAC(`sip:127.0.0.1:${await freePort()}`, { localSdp: sdp }), 408)
  await refused(t, app.createUAC(`sip:127.0.0.1:${await freePort()};transport=tcp`, { localSdp: sdp }), 503, 'nobody listens on TCP')
  await nothingLeft(t, server)
})

/** Dials, and does something as soon as the request is known. */
async function outcome(line: Line, then: (request: SrfRequest) => void): Promise<{ dialog?: SrfDialog; error?: { status?: number }; provisional: number[] }> {
  const provisional: number[] = []
  let sent: SrfRequest | undefined
  const progress = {
    cbRequest: (_error: unknown, request: SrfRequest): void => { sent = request },
    cbProvisional: (response: { status: number }): void => {
      provisional.push(response.status)
      if (sent !== undefined) then(sent)
    }
  }
  try {
    return { dialog: await line.app.createUAC(line.uri, line.options, progress), provisional }
  } catch (error) {
    return { error: error as { status?: number }, provisional }
  }
}

t.test('CANCEL while it rings', async (t) => {
  await dial(t, 'callee-rings', async (line) => {
    t.match(await outcome(line, (request) => request.cancel()), { error: { status: 487 }, provisional: [180] })
  })
})

t.test('CANCEL meets the answer: the call ends at once, and the application hears of it', async (t) => {
  await dial(t, 'callee-answers-late', async (line) => {
    const { dialog } = await outcome(line, (request) => request.cancel())
    let reason = ''
    dialog?.on('destroy', (_message: SrfMessage, why: string) => { reason = why })
    await until('the dialog ends', () => reason !== '' || dialog?.connected === false)
    t.ok(dialog)
  })
})

t.test('CANCEL for something unknown', async (t) => {
  const server = await startServer(t)
  const app = await connectApp(t, server)
  const request = await new Promise<SrfRequest>((resolve) => {
    app.request(`sip:127.0.0.1:9`, { method: 'OPTIONS' }, (_error, sent) => resolve(sent))
  })
  const refused = await new Promise((resolve) => request.cancel({}, resolve))
  t.match(String(refused), /unable to cancel unknown transaction/)
})

t.test('a challenge is passed through and answered by drachtio-srf', async (t) => {
  await dial(t, 'callee-challenge', async ({ app, uri, options }) => {
    const dialog = await app.createUAC(uri, { ...options, auth: { username: 'shop', password: 'word' } })
    await dialog.destroy()
  })
})

t.test('without credentials the challenge is the answer', async (t) => {
  await dial(t, 'callee-busy', async ({ app, uri, options }) => {
    await refused(t, app.createUAC(uri, { ...options, auth: { username: 'a', password: 'b' } }), 486)
  })
})

t.test('reliable provisional responses get their PRACK', async (t) => {
  await dial(t, 'callee-prack', async ({ app, uri, options }) => {
    const dialog = await app.createUAC(uri, { ...options, headers: { ...options.headers, Supported: '100rel' } })
    await dialog.destroy()
  })
})

t.test('a BYE that is answered late is repeated', async (t) => {
  await dial(t, 'callee-slow-bye', async ({ app, uri, options }) => {
    const dialog = await app.createUAC(uri, options)
    const bye = await dialog.destroy()
    t.match(bye.get('from'), /\+442079460000@127\.0\.0\.1:\d+/)
  })
})

t.test('re-INVITE, INFO and BYE by the callee', async (t) => {
  await dial(t, 'callee-active', async ({ app, uri, options }) => {
    const dialog = await app.createUAC(uri, options)
    const seen: string[] = []
    dialog.on('info', (_request: SrfRequest, response: { send: (status: number) => void }) => {
      seen.push('INFO')
      response.send(200)
    })
    dialog.on('destroy', (_message: SrfMessage, reason: string) => seen.push(reason))
    await until('the callee hangs up', () => seen.length > 1)
    t.same(seen, ['INFO', 'normal release'])
  })
})

t.test('a call straight through the application, both ways of hanging up', async (t) => {
  const server = await startServer(t)
  const port = await freePort()
  const app: App = await connectApp(t, server, (one) => one.invite((request, response) => {
    void app.createB2BUA(request, response, `sip:+46701740606@127.0.0.1:${port}`, { headers: { From: '<sip:+442079460000@localhost>' } }).then(({ uas, uac }) => {
      for (const [from, to] of [[uas, uac], [uac, uas]] as const) {
        if (!from.connected) void to.destroy()
        from.on('destroy', () => void to.destroy())
      }
    }, (error: unknown) => t.fail('createB2BUA', { error }))
  }))
  const callee = await sipp({ scenario: 'uas', port, calls: 20, more: lenient })
  const caller = await sipp({ scenario: 'uac', target: server.sipPort, port: await freePort(), calls: 20, more: ['-d', '50'] })
  t.same([await caller.done, await callee.done], [{ code: 0, complaints: '' }, { code: 0, complaints: '' }])
  await nothingLeft(t, server)
})

t.test('the server itself cannot be called', async (t) => {
  const server = await startServer(t)
  const app = await connectApp(t, server)
  for (const host of ['127.0.0.1', 'localhost']) {
    await t.rejects(app.createUAC(`sip:+442079460001@${host}:${server.sipPort}`, { localSdp: sdp }), /can not send request to myself/)
  }
  await t.rejects(app.createUAC('tel:+46701740605', { localSdp: sdp }), /no sip: address/)
})

t.test('an application that is lost while it calls: the call is cancelled', async (t) => {
  const server = await startServer(t)
  const app = await connectApp(t, server)
  const port = await freePort()
  const callee = await sipp({ scenario: 'callee-rings', port, more: lenient })
  void app.createUAC(`sip:127.0.0.1:${port}`, { localSdp: sdp }, { cbProvisional: () => app.disconnect() }).catch(() => undefined)
  t.same(await callee.done, { code: 0, complaints: '' })
  await nothingLeft(t, server)
})
