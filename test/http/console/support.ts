import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { until } from '../../support/whole.js'

/** Every page of the menu. */
export const pageNames = ['retention', 'figures', 'deliveries', 'numbers', 'persons', 'audit', 'documents', 'settings', 'webhooks', 'keys'] as const

export async function signIn(page: Page, url: string, key: string): Promise<void> {
  await page.goto(`${url}/console`)
  await page.fill('#key', key)
  await page.press('#key', 'Enter')
  await page.waitForSelector('.shell')
}

/** Opens a page of the menu and waits until what it asked for has come. */
export async function openPage(page: Page, name: string): Promise<void> {
  // The browser tells of a new address a little later, and the page is drawn after that.
  await page.evaluate(`new Promise((drawn) => {
    if (location.hash === '#/${name}') return drawn()
    addEventListener('hashchange', () => setTimeout(drawn), { once: true })
    location.hash = '#/${name}'
  })`)
  await settled(page)
}

/** Nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  await holds(page, 'document.querySelector(".shell") !== null && document.querySelector(".skeleton, .waiting") === null')
}

/** Waits until something is true of the page. The page's own policy forbids Playwright's way, which evaluates within it. */
export async function holds(page: Page, truth: string): Promise<void> {
  await until(async () => await page.evaluate(truth) === true ? true : undefined, truth)
}

/** What axe finds wrong with the page as it is, a line for each thing. In the other theme only colours can differ. */
export async function accessFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (await page.evaluate('typeof axe') === 'undefined') await page.evaluate(axe.source)
  const options = { resultTypes: ['violations'], ...rules === undefined ? {} : { runOnly: { type: 'rule', values: rules } } }
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(options)})`)
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`))
}

/** The same in both themes. */
export async function accessFaultsInBoth(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await accessFaults(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  return [...light, ...(await accessFaults(page, ['color-contrast', 'link-in-text-block'])).map((fault) => `dark: ${fault}`)]
}

/** How many pixels the page is wider than its window. */
export async function overhang(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

/** What the page says, with what stands in its fields. */
export async function everything(page: Page): Promise<string> {
  return page.evaluate('document.documentElement.outerHTML + [...document.querySelectorAll("input, textarea, select")].map((field) => field.value).join(" ")')
}
