import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from './command.js'
import { exits, Fault } from './fault.js'
import { textOf } from './options.js'
import type { Server } from './server.js'

interface Verdict { readonly whole: boolean, readonly checked: number, readonly brokenAt?: number, readonly fault?: string }

/** How often a long trail is asked for again. */
const asksAgain = 150

/** Whether the audit trail is whole. */
export const auditVerify: Command = {
  help: 'whether the audit trail is whole; exit 1 when it is not',
  run: async ({ server }) => {
    const data = await verdictOf(server())
    const text = data.whole ? `The audit trail is whole: ${data.checked} entries.` : `The audit trail is BROKEN at entry ${data.brokenAt ?? 'unknown'} (${data.fault ?? 'unknown'}); ${data.checked} entries are right.`
    return { data, text, exit: data.whole ? exits.well : exits.wrong }
  }
}

/** A long trail takes longer than a request; the server goes on meanwhile and says when to ask again. */
async function verdictOf(server: Server): Promise<Verdict> {
  for (let asked = 1; ; asked++) {
    try {
      return await server.get<Verdict>('/v1/audit/verify')
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'deadline_exceeded' || asked === asksAgain) throw error
      await sleep((error.retryAfter ?? 2) * 1000)
    }
  }
}

const names = ['language', 'at', 'from', 'to'] as const

/** A paper for data protection. */
export const documents: Command = {
  help: 'a paper as Markdown: processing-record, privacy-notice, retention-table, dpia, breach-pack; --language en|et|ru --at --from --to',
  words: ['NAME'],
  options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  run: async ({ server, words: [name], options }) => {
    const path = `/v1/documents/${encodeURIComponent(name!)}`
    const query = Object.fromEntries(names.map((option) => [option, textOf(options, option)]))
    if (options.json === true) return { data: await server().get(path, query), text: '', exit: exits.well }
    return { data: null, text: (await server().text(path, { ...query, format: 'md' })).trimEnd(), exit: exits.well }
  }
}
