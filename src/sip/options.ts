import { optionsHeaders } from './headers.js'
import type { SrfClient } from './srf.js'

/** What a SIP server answers in the place of somebody who is not there (RFC 3261 §8.1.3.1). */
const nobody = [408, 503]

/** Asks a gateway for its abilities (RFC 3261 §11), only to see whether it answers. Never rejects. */
export function answers(srf: SrfClient, gateway: string, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs)
    const done = (lives: boolean): void => {
      clearTimeout(timer)
      resolve(lives)
    }
    try {
      srf.request(gateway, { method: 'OPTIONS', headers: optionsHeaders() }, (_error, req) => {
        if (req === undefined) { done(false); return }
        req.on('response', ({ status }) => { if (status >= 200) done(!nobody.includes(status)) })
      })
    } catch {
      done(false)
    }
  })
}
