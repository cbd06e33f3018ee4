import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import type { Page } from 'playwright-core'
import { courierNumber, customerNumber, stage, type Line, type Stage } from '../../e2e/stage.js'
import { until } from '../../support/whole.js'
import { noBrowser, openBrowser, unauthorised, watchedPage } from './browser.js'
import { accessFaults, accessFaultsInBoth, everything, openPage, overhang, pageNames, settled, signIn } from './support.js'

/** Fewer calls than that are shown to nobody. */
const enough = 12

test('the console over the whole application, with calls through real phones', { skip: noBrowser, timeout: 110_000 }, async (t) => {
  const play = await stage(t, (config) => {
    // Phones, a browser and the application share a machine.
    config.redis.commandTimeoutMs = 5000
    config.webhooks = { allowPrivate: ['127.0.0.0/8'] }
    config.limits = { ...config.limits, callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 1000, callsPerNumberMinute: 1000 }
  })
  const url = `http://127.0.0.1:${play.app.httpPort}`
  const line = await play.line({ reference: 'order-A-17' })
  for (let n = 0; n < enough; n++) await call(play, line, n % 3 === 0 ? 'busy' : 'talk')
  const { page, context, faults, answers, asked } = await watchedPage(t, await openBrowser(t), {}, unauthorised)
  await signIn(page, url, play.app.apiKey)
  await settled(page)

  t.test('the session is a cookie that no script reads, and nothing else is kept', async (t) => {
    const [cookie, ...others] = await context.cookies()
    t.match(cookie, { httpOnly: true, sameSite: 'Strict', expires: -1 })
    t.same(others, [])
    t.equal(await page.evaluate('document.cookie'), '')
    t.equal(await page.evaluate('localStorage.length + sessionStorage.length'), 0)
  })

  t.test('retention: a period is changed, what is due is deleted, and the report is signed', async (t) => {
    t.equal(await page.locator('.classes > li').count(), 8)
    await page.click('[aria-label="Change period: Call records"]')
    await page.fill('#count', '14')
    await page.fill('#reason', 'Two weeks are enough')
    await page.click('dialog [type=submit]')
    await page.waitForSelector('.history >> text=Two weeks are enough')
    t.match((await play.api('GET', '/v1/retention')).body, { classes: [{}, {}, {}, { name: 'record', periodSeconds: 1_209_600 }] })
    await page.click('button:has-text("Delete now")')
    await page.click('dialog [type=submit]')
    await page.waitForSelector('.notices >> text=The run is done')
    await settled(page)
    t.ok(await page.locator('.health-ok').count(), 'green')
    t.same(new Set(await page.locator('section[aria-labelledby=proof] tbody .badge').allTextContents()), new Set(['Valid']), 'checked by the browser')
    await page.click('[aria-label="Change period: Quarantine"]')
    await page.fill('#reason', `Call ${courierNumber}`)
    await page.click('dialog [type=submit]')
    t.match(await page.textContent('dialog [role=alert]'), 'no phone number')
    await page.fill('#reason', '')
    await page.keyboard.press('Escape')
    await openPage(page, 'retention/compare')
    t.equal(await page.locator('tbody tr').count(), 8, 'two dates side by side')
  })

  t.test('figures: today, and a call while it lasts', async (t) => {
    const live = play.courier.call(line.number, { via: play.via })
    const ringing = await play.customer.nextCall()
    await ringing.answer()
    await live.answered()
    await openPage(page, 'figures')
    t.same(await page.locator('section[aria-labelledby=now] .now dd').allTextContents(), ['1', '0', '1'])
    t.equal(await page.locator('section[aria-labelledby=now] > dl dd').first().textContent(), '1 / 500', 'and how much of the cap that is')
    t.match(await page.textContent('section[aria-labelledby=today] .number-main'), String(enough))
    await live.hangUp()
    await ringing.ended()
    await play.endedCalls(line.id, enough + 1)
  })

  t.test('deliveries: from the list to the time line', async (t) => {
    await openPage(page, 'deliveries')
    t.equal(await page.locator('tbody tr').count(), enough + 1)
    await page.fill('#search', 'nothing like it')
    await page.press('#search', 'Enter')
    await page.waitForSelector('text=No call matches')
    await page.fill('#search', 'a-17')
    await page.press('#search', 'Enter')
    await page.click('tbody tr >> nth=0 >> a')
    await settled(page)
    t.match(await page.textContent('h1'), 'order-A-17')
    t.equal(await page.locator('.step-call').count(), enough + 1)
    t.match(await page.textContent('.time-line'), /Line given.*Call by courier.*Delivery expires.*Number free for others/s)
    t.same(await accessFaultsInBoth(page), [])
    await openPage(page, 'deliveries')
    await page.fill('#search', line.id)
    await page.press('#search', 'Enter')
    await until(async () => page.url().endsWith(line.id) ? true : undefined, 'the delivery by its id')
    await openPage(page, 'deliveries')
    await page.click('button:has-text("Export calls")')
    await page.fill('#reason', 'Yearly review')
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('dialog [type=submit]')])
    t.equal(readFileSync(await file.path(), 'utf8').trim().split('\n').length, enough + 2, 'a line for each call, and the names')
  })

  t.test('persons: access with a declared check; a code that nobody hears', async (t) => {
    await openPage(page, 'persons')
    await page.check('input[value=declared]')
    await page.fill('#phone', courierNumber)
    await page.fill('#check', 'Identity card seen at the counter')
    await page.fill('#reason', 'Letter of the person')
    await page.click('.person-form [type=submit]')
    await page.waitForSelector('dialog >> text=Done')
    t.match(await page.textContent('dialog'), new RegExp(`${enough + 1} calls and 1 deliveries`))
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('dialog button:has-text("Download")')])
    t.match(JSON.parse(readFileSync(await file.path(), 'utf8')), { calls: [{ role: 'courier', otherParty: 'customer' }] })
    await page.keyboard.press('Escape')
    t.equal(await page.inputValue('#phone'), '', 'the number is gone from the field')
    await page.check('input[value=call]')
    await page.fill('#phone', customerNumber)
    await page.click('.person-form [type=submit]')
    const ringing = await play.customer.nextCall()
    await page.waitForSelector('text=The phone rings.')
    ringing.reject(486)
    await page.waitForSelector('text=Nobody took the call')
    await page.click('button:has-text("Start over")')
  })

  t.test('the audit trail has it all, is whole, and its head can be kept', async (t) => {
    await openPage(page, 'audit')
    const trail = await page.textContent('tbody')
    for (const act of ['Signed in', 'Period changed', 'Two weeks are enough', 'Deletion run', 'Calls exported', 'Access given']) t.match(trail, act)
    await page.click('button:has-text("Verify")')
    await page.waitForSelector('.verify .health-ok')
    t.match(await page.textContent('.verify .health-ok'), /The trail is whole\. \d+ entries checked/)
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("Export head")')])
    t.match(JSON.parse(readFileSync(await file.path(), 'utf8')), { shopId: 'demo', signature: String })
    await page.selectOption('#action', 'retention.change')
    await page.click('.filter [type=submit]')
    await until(async () => await page.locator('tbody tr').count() === 1 ? true : undefined, 'the filter')
  })

  t.test('settings and numbers are changed', async (t) => {
    await openPage(page, 'settings')
    await page.fill('#ringTimeoutSeconds', '30')
    await page.click('.settings > [type=submit]')
    await page.waitForSelector('.notices >> text=The settings are saved')
    t.match((await play.api('GET', '/v1/settings')).body, { ringTimeoutSeconds: 30 })
    await openPage(page, 'numbers')
    t.match(await page.textContent('.number-main'), '100 of 100')
    await page.click('[aria-label="Change +442079460050"]')
    await page.check('input[value=draining]')
    await page.click('dialog [type=submit]')
    await page.waitForSelector('tr:has-text("+442079460050") >> text=Draining')
  })

  t.test('webhooks: an event that the shop does not want is given up, seen, and sent again', async (t) => {
    const says = { status: 410 }
    const shop = createServer((request, response) => request.resume().on('end', () => response.writeHead(says.status).end()))
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
    t.teardown(() => { shop.closeAllConnections(); shop.close() })
    await openPage(page, 'webhooks')
    await page.fill('#url', `http://127.0.0.1:${(shop.address() as AddressInfo).port}/hook`)
    await page.check('input[value="delivery.created"]')
    await page.click('.settings > [type=submit]')
    t.match(await page.textContent('.secret code'), /^whsec_/)
    await page.click('dialog button:has-text("Done")')
    await play.line({ reference: 'order-B-18', courier: { phone: '+46701740620' }, customer: { phone: '+46701740621' } })
    await page.waitForSelector('tr:has-text("Delivery created") >> text=wants no more, answered 410', { timeout: 15_000 })
    t.match(await page.textContent('.health-failing'), 'One event was given up.')
    says.status = 204
    await page.click('button:has-text("Send test event")')
    await page.waitForSelector('.tested >> text=The test event was taken (204)')
    await page.click('button:has-text("Send all again")')
    await page.waitForSelector('.notices >> text=One event is in the queue again.')
    await page.waitForSelector('.health-ok', { timeout: 15_000 })
    await page.waitForSelector('text=Nothing given up')
  })

  t.test('documents are written and handed over', async (t) => {
    await openPage(page, 'documents')
    await page.selectOption('#language', 'et')
    for (const [button, name, start] of [['Privacy notice, Text', 'privacy-notice-et.md', /^# \S/], ['Breach pack, JSON', 'breach-pack.json', /^\{/]] as const) {
      const [file] = await Promise.all([page.waitForEvent('download'), page.click(`[aria-label="${button}"]`)])
      t.equal(file.suggestedFilename(), name)
      t.match(readFileSync(await file.path(), 'utf8'), start)
    }
  })

  t.test('every page, for everybody, on a phone too, with the calls in it', async (t) => {
    for (const name of pageNames) {
      await openPage(page, name)
      t.same(await accessFaults(page), [], name)
      await page.setViewportSize({ width: 360, height: 740 })
      t.equal(await overhang(page), 0, `${name} on a phone`)
      await page.setViewportSize({ width: 1280, height: 900 })
      t.same(numbersIn(await everything(page)), [], `${name} shows nobody's number`)
    }
  })

  t.test('an auditor signs in with a key that was made here, and sees no calls', async (t) => {
    const key = await makeAuditor(page)
    await page.click('button:has-text("Sign out")')
    await signIn(page, url, key)
    await settled(page)
    t.same(await page.locator('nav a').allTextContents(), ['Retention', 'Calls today', 'Audit trail', 'Documents', 'Settings', 'Webhooks'])
    for (const name of ['figures', 'audit', 'settings', 'webhooks']) {
      await openPage(page, name)
      t.equal(await page.locator('.note-bad').count(), 0, `${name} is answered`)
    }
    t.equal(await page.evaluate('fetch("../v1/calls").then(({ status }) => status)'), 403)
  })

  t.test('nothing that went either way holds a person\'s number, but the two requests about one', async (t) => {
    t.same(numbersIn(asked.join('\n')), [], 'no address, no header')
    t.same(numbersIn((await answers()).join('\n')), [], 'no answer')
    t.same(faults.filter((fault) => !/status of (403|404|422)/.test(fault)), [], 'no errors, nothing refused by the policy')
  })
})

/** A call from the courier that the customer takes for a moment, or is too busy for. */
async function call(play: Stage, line: Line, how: 'talk' | 'busy'): Promise<void> {
  const made = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  if (how === 'busy') ringing.reject(486)
  else {
    await ringing.answer()
    await made.answered()
    await made.hangUp()
  }
  await Promise.all([made.ended(), ringing.ended()])
}

/** @returns the text of a key for an auditor, made in the browser */
async function makeAuditor(page: Page): Promise<string> {
  await openPage(page, 'keys')
  await page.click('button:has-text("Create key")')
  await page.fill('#label', 'Yearly audit')
  await page.uncheck('dialog label:has-text("App") input')
  await page.check('dialog label:has-text("Auditor") input')
  await page.click('dialog [type=submit]')
  const key = (await page.textContent('.secret code'))!
  await page.click('dialog button:has-text("Done")')
  await page.waitForSelector('tr:has-text("Yearly audit")')
  return key
}

/** Which people's numbers stand in a text, however they are spaced or written. */
function numbersIn(text: string): string[] {
  const digits = text.replace(/[\s().+-]/g, '')
  return [courierNumber, customerNumber].filter((number) => digits.includes(number.slice(3)))
}
