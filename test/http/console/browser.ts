import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** Debian's own; MASKLINE_TEST_CHROMIUM names another one. */
const executablePath = process.env.MASKLINE_TEST_CHROMIUM ?? '/usr/bin/chromium'

/** Why there is no browser to test with, or false. To be handed to `skip`. */
export const noBrowser = existsSync(executablePath) ? false : `${executablePath} is not installed (on Debian: apt-get install chromium)`

/** Before anybody is signed in the browser itself notes that 401 came back. */
export const unauthorised = /status of 401/

/** A headless browser that talks to nobody but the pages it is given. */
export async function openBrowser(t: Pick<Test, 'teardown'>): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  })
  t.teardown(() => browser.close())
  return browser
}

export interface Look {
  readonly theme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  readonly locale?: string
}

/** A page with everything that must never happen in it: errors, refused sources, answers with a canary. */
export interface Watched {
  readonly page: Page
  readonly context: BrowserContext
  /** Messages of errors on the page and in its console, violations of the policy. */
  readonly faults: string[]
  /** Every answer's text so far. */
  readonly answers: () => Promise<string[]>
  /** Everything that was asked for: method, address and headers; bodies apart. */
  readonly asked: string[]
}

/** @param allowed what the console may say all the same, such as the 401 that a test provokes */
export async function watchedPage(t: Pick<Test, 'teardown'>, browser: Browser, look: Look = {}, allowed = /^$/): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 900 },
    colorScheme: look.theme ?? 'light',
    reducedMotion: 'reduce',
    locale: look.locale ?? 'en-GB',
    timezoneId: 'Europe/Tallinn'
  })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const faults: string[] = []
  const asked: string[] = []
  const texts: Promise<string>[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !allowed.test(message.text())) faults.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`))
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // A page that is left cancels what it asked for.
    if (why !== 'net::ERR_ABORTED') faults.push(`${request.url()} failed: ${why}`)
  })
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()} ${JSON.stringify(request.headers())}`))
  page.on('requestfinished', (request) => {
    // What was not changed, or is a redirect, has no text.
    texts.push(request.response().then((response) => response?.text() ?? '').catch(() => ''))
  })
  await page.addInitScript('document.addEventListener("securitypolicyviolation", (event) => console.error("Policy: " + event.violatedDirective + " " + event.blockedURI))')
  return { page, context, faults, asked, answers: () => Promise.all(texts) }
}
