import t, { type Test } from 'tap'
import type { EmbeddedSipServer } from '../../../src/embedded/sip/index.js'
import { connectApp, nothingLeft, sdp, startServer, type App, type SrfDialog, type SrfMessage, type SrfRequest, type SrfResponse } from './support/app.js'
import { freePort } from '../../support/ports.js'
import { sipp, type SippOptions } from './support/sipp.js'
import { until } from './support/until.js'

// Each test mostly waits for timers to run out; they do not disturb each other.
t.jobs = 8

/** SIPp calls an application that is an unmodified drachtio-srf. */
type InviteHandler = (app: App, request: SrfRequest, response: SrfResponse) => void

async function call(t: Test, scenario: string, handler: InviteHandler | undefined, more: Partial<SippOptions> = {}, timers = { t1: 40 }): Promise<EmbeddedSipServer> {
  const server = await startServer(t, { timers })
  const app: App = await connectApp(t, server, (one) => { if (handler !== undefined) one.invite((request, response) => handler(app, request, response)) })
  const caller = await sipp({ scenario, target: server.sipPort, port: await freePort(), ...more })
  t.same(await caller.done, { code: 0, complaints: '' }, `${scenario} went as written`)
  await nothingLeft(t, server)
  return server
}

/** Answers, and keeps what happens to the dialog. */
function answering(t: Test, ended: string[], then: (dialog: SrfDialog) => void = () => undefined): InviteHandler {
  return (app, request, response) => {
    void app.createUAS(request, response, { localSdp: sdp }).then((dialog) => {
      // A BYE that follows the ACK at once is handled before this line is reached.
      if (!dialog.connected) ended.push('normal release')
      dialog.on('destroy', (_message: SrfMessage, reason: string) => ended.push(reason))
      then(dialog)
    }, (error: unknown) => t.fail('createUAS', { error }))
  }
}

t.test('SIPp’s own caller, over UDP and TCP', async (t) => {
  for (const transport of ['u1', 't1'] as const) {
    const ended: string[] = []
    const server = await call(t, 'uac', answering(t, ended), { calls: 10, transport })
    t.equal(ended.length, 10)
    await until('the connections are gone', () => server.stats().connections === 0)
  }
})

t.test('a caller on a network that loses every tenth packet', async (t) => {
  const ended: string[] = []
  await call(t, 'caller-patient', answering(t, ended), { calls: 20, rate: 20, more: ['-lost', '10'] }, { t1: 80 })
  // SIPp may take a copy of the 200 to its INVITE for the one to its BYE; then the missing ACK ends the call.
  t.equal(ended.length, 20, 'each call ended once')
})

t.test('a missing ACK ends the call with BYE, to both', async (t) => {
  const ended: string[] = []
  await call(t, 'caller-no-ack', answering(t, ended))
  t.same(ended, ['ACK timeout'])
})

t.test('a late ACK', async (t) => {
  const ended: string[] = []
  let acks = 0
  await call(t, 'caller-late-ack', answering(t, ended, (dialog) => dialog.on('ack', () => acks++)))
  t.same([ended, acks], [['normal release'], 1])
})

t.test('CANCEL before and while it rings', async (t) => {
  for (const scenario of ['caller-cancel-early', 'caller-cancel-ringing']) {
    let cancelled = 0
    await call(t, scenario, (_app, request, response) => {
      request.on('cancel', () => cancelled++)
      if (scenario === 'caller-cancel-ringing') response.send(180)
    })
    t.equal(cancelled, 1)
  }
})

t.test('CANCEL that comes after the answer', async (t) => {
  const ended: string[] = []
  let cancelled = 0
  await call(t, 'caller-cancel-late', (app, request, response) => {
    request.on('cancel', () => cancelled++)
    response.send(180)
    answering(t, ended)(app, request, response)
  })
  t.same([ended, cancelled], [['normal release'], 0])
})

t.test('an answer after the CANCEL is refused to the application, harmlessly', async (t) => {
  let refused: unknown
  await call(t, 'caller-cancel-ringing', (_app, request, response) => {
    request.on('cancel', () => response.send(200, { body: sdp }, (error) => { refused = error }))
    response.send(180)
  })
  t.match(String(refused), /unknown transaction/)
})

t.test('a refusal is repeated until its ACK', async (t) => {
  await call(t, 'caller-refused', (_app, _request, response) => response.send(486), { more: ['-lost', '0'] })
})

t.test('no application for the method: 503', async (t) => {
  await call(t, 'caller-unavailable', undefined)
  await call(t, 'caller-options', answering(t, []))
})

t.test('what the server answers by itself: 481 and 483', async (t) => {
  await call(t, 'caller-unknown-dialog', () => t.fail('not asked'))
  await call(t, 'caller-max-forwards', () => t.fail('not asked'))
})

t.test('reliable provisional responses and PRACK', async (t) => {
  const pracks: (string | undefined)[] = []
  const ended: string[] = []
  await call(t, 'caller-prack', (app, request, response) => {
    const reliable = (status: number, then: () => void): void => {
      response.send(status, { headers: { Require: '100rel' } }, undefined, (prack) => {
        pracks.push(prack.get('RAck'))
        then()
      })
    }
    reliable(183, () => reliable(180, () => answering(t, ended)(app, request, response)))
  })
  t.match(pracks, [/^\d+ 1 INVITE$/, /^\d+ 1 INVITE$/])
  t.same(ended, ['normal release'])
})

t.test('UPDATE before the answer', async (t) => {
  const ended: string[] = []
  const updates: string[] = []
  await call(t, 'caller-update-early', (app, request, response) => {
    request.on('update', (update: SrfRequest, answer: SrfResponse) => {
      updates.push(update.body)
      answer.send(200, { body: sdp }, () => answering(t, ended)(app, request, response))
    })
    response.send(183, { body: sdp })
  })
  t.match(updates, [/^v=0/])
  t.same(ended, ['normal release'])
})

t.test('re-INVITE, UPDATE, INFO, OPTIONS of the caller; an old number gets 500', async (t) => {
  const ended: string[] = []
  const seen: string[] = []
  await call(t, 'caller-in-dialog', answering(t, ended, (dialog) => {
    dialog.on('modify', (request: SrfRequest, response: SrfResponse) => {
      seen.push(request.method)
      response.send(200, { body: sdp })
    })
    for (const event of ['info', 'options', 'update']) {
      dialog.on(event, (request: SrfRequest, response: SrfResponse) => {
        seen.push(request.method)
        response.send(200, request.method === 'UPDATE' ? { body: sdp } : {})
      })
    }
  }))
  t.same(seen, ['INVITE', 'UPDATE', 'INFO', 'OPTIONS'])
  t.same(ended, ['normal release'])
})

t.test('re-INVITE, UPDATE, INFO and BYE by the application', async (t) => {
  let steps: unknown[] = []
  await call(t, 'caller-listens', answering(t, [], (dialog) => {
    dialog.once('ack', () => {
      void (async () => {
        const changed = await dialog.modify(sdp)
        const update = await dialog.request({ method: 'UPDATE', body: sdp })
        const info = await dialog.request({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' }, body: 'Signal=5' })
        const bye = await dialog.destroy()
        steps = [changed.slice(0, 3), update.status, info.status, bye.get('to') !== undefined]
      })()
    })
  }))
  await until('all steps are done', () => steps.length > 0)
  t.same(steps, ['v=0', 200, 200, true])
})

t.test('what the application sees of a call', async (t) => {
  let seen: SrfRequest | undefined
  let dialog: SrfDialog | undefined
  const server = await call(t, 'uac', (app, request, response) => {
    seen = request
    answering(t, [], (made) => { dialog = made })(app, request, response)
  })
  t.equal(seen!.receivedOn, `127.0.0.1:${server.sipPort}`)
  t.equal(seen!.protocol, 'udp')
  t.equal(seen!.source_address, '127.0.0.1')
  t.equal(dialog!.id, `${seen!.get('Call-ID')};from-tag=${dialog!.sip.remoteTag}`, 'the id that drachtio-srf finds a dialog by')
})

t.test('several applications take turns', async (t) => {
  const server = await startServer(t)
  const counts = [0, 0]
  for (const which of [0, 1]) {
    const app: App = await connectApp(t, server, (one) => one.invite((request, response) => {
      counts[which]!++
      answering(t, [])(app, request, response)
    }))
    // Adding a route makes drachtio-srf ask for all of them again; that must not earn a second turn.
    if (which === 0) app.options((_request, response) => response.send(200))
  }
  const caller = await sipp({ scenario: 'uac', target: server.sipPort, port: await freePort(), calls: 10 })
  t.equal((await caller.done).code, 0)
  t.same(counts, [5, 5])
})

t.test('an application that is lost: its waiting calls get 503, its dialogs BYE', async (t) => {
  const server = await startServer(t)
  const waiting: SrfRequest[] = []
  const app: App = await connectApp(t, server, (one) => one.invite((request, response) => {
    waiting.push(request)
    if (waiting.length === 1) answering(t, [])(app, request, response)
  }))
  const talking = await sipp({ scenario: 'caller-no-ack', target: server.sipPort, port: await freePort() })
  await until('the first call is there', () => waiting.length === 1)
  const ringing = await sipp({ scenario: 'caller-unavailable', target: server.sipPort, port: await freePort() })
  await until('the second call is there', () => waiting.length === 2)
  app.disconnect()
  t.same(await ringing.done, { code: 0, complaints: '' })
  t.same(await talking.done, { code: 0, complaints: '' })
  await nothingLeft(t, server)
})

t.test('an application that never answers: 503 after its time', async (t) => {
  await call(t, 'caller-unavailable', () => undefined)
})
