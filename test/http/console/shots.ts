/**
 * Pictures of the console over played figures, for people to look at:
 * `node --import=tsx test/http/console/shots.ts FOLDER [light|dark] [width] [page …]`
 */
import { join } from 'node:path'
import { openBrowser, watchedPage } from './browser.js'
import { playedServer } from './fixture.js'
import { openPage, pageNames, settled, signIn } from './support.js'

const [folder = '.', theme = 'light', width = '1280', ...names] = process.argv.slice(2)
const ends: (() => unknown)[] = []
const t = { teardown: (end: () => unknown) => void ends.push(end) }
const server = await playedServer(t)
const { page } = await watchedPage(t, await openBrowser(t), { theme: theme === 'dark' ? 'dark' : 'light', width: Number(width), height: Number(width) > 700 ? 860 : 740, locale: process.env.SHOT_LOCALE ?? 'en-GB' })
server.language = process.env.SHOT_LOCALE?.slice(0, 2) ?? 'en'
await signIn(page, server.url, 'right-key')
await settled(page)
// A line of live calls has something to show after a while only.
await page.clock.install()
for (const name of names.length > 0 ? names : pageNames) {
  await openPage(page, name)
  if (name === 'figures') for (let n = 0; n < 40; n++) {
    const live = 6 + Math.round(3 * Math.sin(n / 4) + n % 3)
    server.live = { live, ringing: n % 3, talking: live - n % 3 }
    await page.clock.runFor(5000)
    await page.waitForTimeout(30)
  }
  await page.screenshot({ path: join(folder, `${name.replaceAll('/', '-')}-${theme}-${width}.png`), fullPage: process.env.SHOT_FULL === '1' })
}
for (const end of ends.reverse()) await end()
