import { gunzipSync } from 'node:zlib'
import { test } from 'tap'
import { readConsoleFiles } from '../../../src/http/console/files.js'
import { testApi } from '../support.js'

const policy = "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';form-action 'none';frame-ancestors 'none';base-uri 'none'"

test('the console is served on the port of the API', async (t) => {
  const { send } = await testApi(t)
  const get = (url: string, headers: Record<string, string> = {}): ReturnType<typeof send> => send('GET', url, undefined, { key: null, headers })

  t.test('under one address, without a key', async (t) => {
    const bare = await get('/console')
    t.equal(bare.statusCode, 308)
    t.equal(bare.headers.location, 'console/', 'relative: it holds behind a proxy with a path of its own')
    const page = await get('/console/')
    t.equal(page.statusCode, 200)
    t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  })

  t.test('with a policy that lets nothing in from elsewhere, and no form out', async (t) => {
    for (const url of ['/console/', '/console/main.js', '/console/style/base.css', '/console/lib/lit-html.js', '/console/icon.svg']) {
      const { headers, statusCode } = await get(url)
      t.equal(statusCode, 200, url)
      t.equal(headers['content-security-policy'], policy, url)
      t.equal(headers['x-content-type-options'], 'nosniff', url)
      t.equal(headers['referrer-policy'], 'no-referrer', url)
    }
    t.equal((await get('/healthz')).headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'", 'data stays data')
  })

  t.test('again only when it has changed', async (t) => {
    const first = await get('/console/main.js')
    t.equal(first.headers['cache-control'], 'no-cache')
    const again = await get('/console/main.js', { 'if-none-match': String(first.headers.etag) })
    t.equal(again.statusCode, 304)
    t.equal(again.body, '')
    const packed = await get('/console/main.js', { 'accept-encoding': 'br, gzip' })
    t.equal(packed.headers['content-encoding'], 'gzip')
    t.equal(gunzipSync(packed.rawPayload).toString(), first.body, 'the same, smaller')
    t.not(packed.headers.etag, first.headers.etag)
    t.equal((await get('/console/main.js', { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'], undefined)
  })

  t.test('and nothing but its own files', async (t) => {
    for (const url of ['/console/nothing.js', '/console/../server.ts', '/console/%2e%2e/server.ts', '/console/..%2fserver.ts', '/console/tsconfig.json', '/console/types.d.ts', '/console/lib/package.json', '/console//main.js']) {
      const answer = await get(url)
      t.equal(answer.statusCode, 404, url)
      t.equal(answer.json<{ code: string }>().code, 'not_found', url)
    }
    t.equal((await send('POST', '/console/main.js', {}, { key: null })).statusCode, 405)
  })
})

test('every module that a page imports is there, and nothing is inline or from elsewhere', (t) => {
  const files = readConsoleFiles()
  for (const [name, { body }] of files) {
    const text = body.toString().replace(/\/\*[^]*?\*\//g, '')
    if (name.endsWith('.js')) {
      for (const [, path] of text.matchAll(/(?:^|;)(?:import|export)\b(?:[^'"();=]*from)?\s*["']([^"']+)["']/gm)) {
        t.ok(/^\.\.?\//.test(path!) && files.has(new URL(path!, `http://x/${name}`).pathname.slice(1)), `${name} imports ${path!}`)
      }
      if (!name.startsWith('lib/')) t.notMatch(text, /innerHTML|unsafe-?html|\bstyle=|\son[a-z]+="/i, `${name} writes nothing inline`)
    }
    // The name space of SVG is a name, not an address; how addresses begin stands in a hint.
    if (!name.startsWith('lib/')) t.notMatch(text.replaceAll('http://www.w3.org/2000/svg', ''), /https?:(?!\/\/ )|\/\/[a-z]+\./i, `${name} names no other place`)
  }
  const page = files.get('index.html')!.body.toString()
  t.notMatch(page, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i)
  t.end()
})
