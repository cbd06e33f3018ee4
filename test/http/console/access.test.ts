import { test, type Test } from 'tap'
import { noBrowser, openBrowser, unauthorised, watchedPage, type Look, type Watched } from './browser.js'
import { playedServer } from './fixture.js'
import { accessFaultsInBoth, openPage, overhang, pageNames, settled, signIn } from './support.js'

test('the console for everybody, over played answers', { skip: noBrowser }, async (t) => {
  const browser = await openBrowser(t)
  const start = async (t: Test, look?: Look): Promise<Watched> => {
    const server = await playedServer(t)
    const watched = await watchedPage(t, browser, look, unauthorised)
    await signIn(watched.page, server.url, 'right-key')
    await settled(watched.page)
    return watched
  }

  t.test('axe finds nothing on any page, light and dark', async (t) => {
    const { page, faults } = await start(t)
    for (const name of pageNames) {
      await openPage(page, name)
      t.same(await accessFaultsInBoth(page), [], name)
    }
    await openPage(page, 'retention')
    await page.click('[aria-label="Change period: Call records"]')
    await page.waitForSelector('dialog[open]')
    t.same(await accessFaultsInBoth(page), [], 'a dialog')
    t.same(faults, [], 'no errors, nothing refused by the policy')
  })

  t.test('a phone 360 pixels wide never scrolls sideways', async (t) => {
    const { page } = await start(t, { width: 360, height: 740 })
    for (const name of pageNames) {
      await openPage(page, name)
      t.equal(await overhang(page), 0, name)
    }
    await openPage(page, 'retention')
    await page.click('[aria-label="Change period: Call records"]')
    await page.waitForSelector('dialog[open]')
    t.equal(await overhang(page), 0, 'a dialog')
  })

  t.test('everything works by keyboard alone', async (t) => {
    const { page } = await start(t)
    await page.reload()
    await settled(page)
    await page.keyboard.press('Tab')
    t.equal(await focused(page), 'Skip to content')
    await page.keyboard.press('Enter')
    t.equal(await page.evaluate('document.activeElement.id'), 'main')
    t.match(page.url(), /console\/(#\/.*)?$/, 'the address stays')
    // Tab to the first Change button, open its dialog, walk around in it, and leave it.
    for (let n = 0; n < 12 && await focused(page) !== 'Change period: Live line'; n++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog[open]')
    for (let n = 0; n < 14; n++) {
      await page.keyboard.press('Tab')
      t.ok(await page.evaluate('document.activeElement === document.body || document.querySelector("dialog").contains(document.activeElement)'), 'the focus stays in the dialog')
    }
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
    t.equal(await focused(page), 'Change period: Live line', 'the focus is back')
    await page.focus('nav a[href="#/figures"]')
    await page.keyboard.press('Enter')
    await settled(page)
    t.equal(await focused(page), 'Calls today', 'a new page begins at its heading')
    await page.focus('#plot-calls svg.plot-picture')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    t.match(await page.textContent('#plot-calls .plot-readout'), /Reached \d+/, 'a plot is walked day by day')
  })
})

const focused = (page: Watched['page']): Promise<string> => page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()')
