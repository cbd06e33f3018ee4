import { generateKeyPairSync } from 'node:crypto'
import { test, type Test } from 'tap'
import { until } from '../../support/whole.js'
import { noBrowser, openBrowser, unauthorised, watchedPage, type Look, type Watched } from './browser.js'
import { playedServer, runOf, type Played } from './fixture.js'
import { accessFaults, openPage, settled, signIn } from './support.js'

test('the console in a browser, over played answers', { skip: noBrowser }, async (t) => {
  const browser = await openBrowser(t)
  const start = async (t: Test, look?: Look, change?: (server: Played) => void): Promise<Watched & { server: Played }> => {
    const server = await playedServer(t)
    change?.(server)
    const watched = await watchedPage(t, browser, look, unauthorised)
    await signIn(watched.page, server.url, 'right-key')
    await settled(watched.page)
    return { ...watched, server }
  }

  t.test('the sign-in page, with a wrong key', async (t) => {
    const server = await playedServer(t)
    const { page, faults } = await watchedPage(t, browser, {}, unauthorised)
    await page.goto(`${server.url}/console/`)
    await page.fill('#key', 'wrong-key')
    await page.click('button[type=submit]')
    t.match(await page.textContent('[role=alert]'), 'not valid')
    t.equal(await page.inputValue('#key'), '', 'the key does not stay in the field')
    t.same(await accessFaults(page), [])
    t.same(faults, [])
  })

  t.test('a period is changed with a preview and a reason', async (t) => {
    const { page, server } = await start(t)
    await page.click('[aria-label="Change period: Call records"]')
    await page.fill('#count', '91')
    t.match(await page.textContent('.preview'), 'The longest period is 90 days.')
    t.equal(await page.isDisabled('dialog [type=submit]'), true)
    await page.fill('#count', '7')
    t.match(await page.textContent('.preview'), /what began before .* goes/)
    t.match(await page.textContent('.preview'), 'It cannot be brought back.')
    await page.fill('#reason', 'A week is enough')
    await page.click('dialog [type=submit]')
    await page.waitForSelector('dialog', { state: 'detached' })
    t.same(server.received.at(-1), { method: 'PUT', path: '/v1/retention', body: { reason: 'A week is enough', periods: { record: 604_800 } } })
    t.match(await page.textContent('.notices'), 'Call records: 7 days')
    await page.waitForSelector('.history >> text=A week is enough')
    t.match(await page.textContent('.class:has([aria-label="Change period: Call records"]) .class-due'), 'Known after the next run', 'what was found by the period before is not said of the new one')
  })

  t.test('a failing deletion is red, and a report that was tampered with is told', async (t) => {
    const { page, faults } = await start(t, {}, (server) => {
      server.health = { state: 'failing', failures: 3, reason: 'runs_failed', lastRunAt: new Date(Date.now() - 7_200_000).toISOString() }
      const stranger = generateKeyPairSync('ed25519').privateKey
      server.runs = [runOf(0, 'failed'), { ...runOf(1, 'done'), endedAt: 5 }, runOf(2, 'done', stranger), runOf(3, 'done')]
    })
    t.match(await page.textContent('.health-failing[role=alert]'), /not being deleted.*3 runs in a row/s)
    await settled(page)
    t.same(await page.locator('tbody .badge').allTextContents(), ['Valid', 'Not valid', 'Not valid', 'Valid'])
    t.same(await page.evaluate('[...document.querySelectorAll(".strip li")].map((mark) => mark.className)'), ['strip-done', 'strip-done', 'strip-done', 'strip-failed'], 'newest at the right')
    t.same(await accessFaults(page), [])
    t.same(faults, [])
  })

  t.test('two dates are compared', async (t) => {
    const { page } = await start(t)
    await openPage(page, 'retention/compare')
    await page.waitForSelector('.row-changed')
    t.same(await page.locator('.row-changed th').allTextContents(), ['Webhook queue', 'Call records'])
    t.match(await page.textContent('[role=status]'), '2 periods differ.')
    const today = await page.inputValue('#second')
    await page.fill('#first', today)
    await page.click('.filter [type=submit]')
    await page.waitForSelector('text=The periods are the same on both dates.')
  })

  t.test('too few calls are not shown, and a figure that is too small neither', async (t) => {
    const { page, server } = await start(t, {}, (server) => { server.today = { reasons: {}, suppressed: true } })
    await openPage(page, 'figures')
    t.match(await page.textContent('dl[aria-labelledby=attempts]'), /First\s*1,050\s*70%/, 'summed over the days that tell it')
    t.match(await page.textContent('.empty'), 'Fewer than ten calls today')
    t.equal(await page.locator('.plots').count(), 1, 'the days before had enough')
    server.days = [{ day: new Date().toISOString().slice(0, 10), calls: 12, missed: 0, suppressed: true }]
    await page.check('input[value="7"]')
    await page.waitForSelector('text=Too few calls to draw')
    server.today = { calls: 30, reached: 20, suppressed: true }
    await page.waitForSelector('dd:has-text("under 10")', { timeout: 15_000 })
  })

  t.test('a delivery under a hold does not look like one that nobody has called', async (t) => {
    const { page } = await start(t)
    await openPage(page, 'deliveries/demo-bcdfghjkmnpqrstvwxyz')
    t.match(await page.textContent('section[aria-labelledby=line] .note'), 'A hold covers this delivery')
    t.same(await accessFaults(page), [])
    await openPage(page, 'deliveries/demo-cdfghjkmnpqrstvwxyzb')
    t.match(await page.textContent('section[aria-labelledby=line]'), 'Nobody has called yet.')
  })

  t.test('what cannot be loaded says so and can be tried again', async (t) => {
    const { page, server } = await start(t, {}, (server) => server.refused.set('/v1/retention/runs', { status: 503, code: 'store_unavailable' }))
    t.match(await page.textContent('div.note-bad'), 'The store does not answer')
    server.refused.clear()
    await page.click('button:has-text("Try again")')
    await page.waitForSelector('.strip')
  })

  t.test('webhooks: what nobody took is sent again or discarded; the address, the events and the gate are set', async (t) => {
    const { page, server, faults } = await start(t)
    await openPage(page, 'webhooks')
    t.match(await page.textContent('.health-failing'), /4 events were given up\..*3 events were not taken yet/s)
    t.match(await page.textContent('section[aria-labelledby=queue] dl'), /Not tried yet\s*12.*To be tried again\s*3\s*next in [89] minutes.*Given up\s*4/s)
    t.match(await page.locator('tbody tr').allTextContents(), [/Call missed.*demo-bcdfghjkmnpqrstvwxyz.*12\s+answered 503/s, /no answer in time/, /no connection/, /wants no more, answered 410/])
    await page.click('tr:has-text("no answer in time") >> text=Send again')
    await page.waitForSelector('.notices >> text=in the queue again')
    t.match(server.received.at(-1), { method: 'POST', path: '/v1/webhooks/failed/msg_cccccccccccccccccccc/redeliver' })
    await page.click('tr:has-text("Cap is near") >> text=Discard')
    await page.click('dialog [type=submit]')
    await page.waitForSelector('.notices >> text=The event is discarded')
    t.match(server.received.at(-1), { method: 'DELETE', path: '/v1/webhooks/failed/msg_dddddddddddddddddddd' })
    await page.waitForSelector('tr:has-text("Cap is near")', { state: 'detached' })

    await page.click('button:has-text("Send test event")')
    await page.waitForSelector('.tested >> text=not taken: answered 404')
    t.same(await accessFaults(page), [])
    await page.uncheck('input[value="cap.near"]')
    await page.uncheck('#gated')
    await page.click('.settings > [type=submit]')
    await page.waitForSelector('.notices >> text=Saved')
    t.same(server.received.at(-1)?.body, { url: 'https://shop.example/maskline', events: ['call.ended', 'call.missed'], gate: null })
    await page.check('#gated')
    await page.fill('#gateUrl', 'https://shop.example/ask')
    await page.selectOption('#onFailure', 'deny')
    await page.click('.settings > [type=submit]')
    await until(async () => server.received.at(-1)?.method === 'PUT' && (server.received.at(-1)?.body as { gate: unknown }).gate !== null ? true : undefined, 'the gate')
    t.match(server.received.at(-1)?.body, { gate: { url: 'https://shop.example/ask', timeoutMs: 500, onFailure: 'deny' } })

    await page.click('button:has-text("New secret")')
    await page.click('dialog [type=submit]')
    t.equal(await page.textContent('.secret code'), 'whsec_played_anew')
    t.match(await page.textContent('dialog'), 'The former secret signs beside it until')
    await page.click('dialog button:has-text("Done")')
    await page.click('button:has-text("Stop sending")')
    await page.click('dialog [type=submit]')
    await page.waitForSelector('text=Nothing is sent yet')
    t.same(faults.filter((fault) => !fault.includes('status of 404')), [], 'the browser notes that nothing is set any more')
  })

  t.test('webhooks: all that was given up is sent again, batch by batch', async (t) => {
    const { page, server, faults } = await start(t)
    await openPage(page, 'webhooks')
    await page.click('button:has-text("Send all again")')
    await page.waitForSelector('.notices >> text=4 events are in the queue again')
    await page.waitForSelector('text=Nothing given up')
    t.equal(await page.locator('button:has-text("Send all again")').count(), 0)
    t.same(server.received.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/')).map(({ path }) => path), ['/v1/webhooks/failed/redeliver', '/v1/webhooks/failed/redeliver'])
    t.same(faults, [])
  })

  t.test('webhooks: the first address, with its secret; one that may not be called', async (t) => {
    const { page, server } = await start(t, {}, (server) => {
      server.hook = undefined
      server.dead = []
    })
    await openPage(page, 'webhooks')
    t.match(await page.textContent('.empty'), 'Nothing is sent yet')
    t.equal(await page.locator('section[aria-labelledby=dead]').count(), 0)
    t.same(await accessFaults(page), [])
    server.refused.set('/v1/webhooks', { status: 422, code: 'webhook_address' })
    await page.fill('#url', 'https://10.0.0.1/')
    await page.click('.settings > [type=submit]')
    t.match(await page.textContent('.settings [role=alert]'), 'Only https addresses on the public net')
    server.refused.clear()
    await page.fill('#url', 'https://shop.example/maskline')
    await page.click('.settings > [type=submit]')
    t.equal(await page.textContent('.secret code'), 'whsec_played')
    await page.click('dialog button:has-text("Done")')
    await page.waitForSelector('.health-ok')
    t.equal(await page.inputValue('#url'), 'https://shop.example/maskline')
    t.match(await page.textContent('.empty'), 'Nothing given up')
  })

  t.test('an ended session leads back to the door, with a word', async (t) => {
    const { page, context } = await start(t)
    await context.clearCookies()
    await page.click('nav a[href="#/audit"]')
    await page.waitForSelector('#key')
    t.match(await page.textContent('.note'), 'Your session has ended')
  })

  t.test('each role sees what it may', async (t) => {
    const auditor = await start(t, {}, (server) => { server.roles = ['auditor'] })
    t.same(await menu(auditor.page), ['Retention', 'Calls today', 'Audit trail', 'Documents', 'Settings', 'Webhooks'])
    t.equal(await auditor.page.locator('main button:has-text("Change"), main button:has-text("Delete now"), main button:has-text("Hold")').count(), 0, 'nothing to change')
    await openPage(auditor.page, 'persons')
    t.match(await auditor.page.textContent('h1'), 'Nothing here', 'nor by the address')
    await openPage(auditor.page, 'settings')
    t.equal(await auditor.page.isDisabled('#language'), true)
    await openPage(auditor.page, 'webhooks')
    t.equal(await auditor.page.isDisabled('#url'), true)
    t.equal(await auditor.page.locator('main button').count(), 0, 'events given up are seen, not touched')
    t.equal(await auditor.page.locator('tbody tr').count(), 4)
    const operator = await start(t, {}, (server) => { server.roles = ['operator'] })
    t.same(await menu(operator.page), ['Number pool'])
    const app = await start(t, {}, (server) => { server.roles = ['none'] })
    t.same(await menu(app.page), [])
    t.match(await app.page.textContent('main'), 'no role that the console serves')
  })

  t.test('in Estonian, which the reader may also choose', async (t) => {
    const { page } = await start(t, { locale: 'et-EE', theme: 'dark' }, (server) => { server.language = 'et' })
    t.match(await page.textContent('h1'), 'Säilitamine')
    t.equal(await page.getAttribute('html', 'lang'), 'et')
    t.match(await page.textContent('.classes'), '14 ööpäeva')
    t.same(await accessFaults(page), [])
    await page.selectOption('.looks select >> nth=0', 'en')
    t.match(await page.textContent('h1'), 'Retention')
    await page.reload()
    await settled(page)
    t.match(await page.textContent('h1'), 'Retention', 'the choice stays')
    await page.selectOption('.looks select >> nth=1', 'light')
    t.equal(await page.getAttribute('html', 'data-theme'), 'light')
  })
})

const menu = (page: Watched['page']): Promise<string[]> => page.locator('nav a').allTextContents()
