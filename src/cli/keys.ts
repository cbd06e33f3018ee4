import type { Command, Options, Result } from './command.js'
import { exits, misused } from './fault.js'
import { textOf, wholeOf } from './options.js'
import { table } from './text.js'

interface KeyRow { readonly id: string, readonly label: string, readonly roles: readonly string[], readonly state: string, readonly createdAt: string, readonly lastUsedDay?: string, readonly expiresAt?: string }
interface NewKey extends KeyRow { readonly key: string }

const list: Command = {
  help: 'the API keys of the shop, never their text',
  run: async ({ server }) => {
    const data = await server().get<{ keys: KeyRow[] }>('/v1/keys')
    const rows = data.keys.map(({ id, label, roles, state, lastUsedDay, expiresAt }) => [id, roles.join(','), state, lastUsedDay, expiresAt, label])
    return { data, text: table(['KEY', 'ROLES', 'STATE', 'LAST USED', 'EXPIRES', 'LABEL'], rows), exit: exits.well }
  }
}

const create: Command = {
  help: 'a new key, shown this once: --label TEXT --role ROLE [--role ROLE …] [--expires TIME]',
  options: { label: { type: 'string' }, role: { type: 'string', multiple: true }, expires: { type: 'string' } },
  run: async ({ server, options }) => {
    const [label, roles, expiresAt] = [textOf(options, 'label'), rolesOf(options), textOf(options, 'expires')]
    if (label === undefined || roles.length === 0) throw misused('A new key needs --label and at least one --role.')
    return shown(await server().send<NewKey>('POST', '/v1/keys', { label, roles, ...(expiresAt === undefined ? {} : { expiresAt }) }))
  }
}

const rotate: Command = {
  help: 'a new key in its place, shown this once; the old one goes on for --grace SECONDS (86400)',
  words: ['ID'],
  options: { grace: { type: 'string' } },
  run: async ({ server, words: [id], options }) => {
    const graceSeconds = wholeOf(options, 'grace', 0, 604_800)
    return shown(await server().send<NewKey>('POST', `/v1/keys/${encodeURIComponent(id!)}/rotate`, graceSeconds === undefined ? {} : { graceSeconds }))
  }
}

const revoke: Command = {
  help: 'end a key',
  words: ['ID'],
  run: async ({ server, words: [id] }) => {
    const data = await server().send<KeyRow>('DELETE', `/v1/keys/${encodeURIComponent(id!)}`)
    return { data, text: `The key ${data.id} is ${data.state}.`, exit: exits.well }
  }
}

/** API keys of the shop. */
export const keyCommands = { 'keys': list, 'keys list': list, 'keys create': create, 'keys rotate': rotate, 'keys revoke': revoke }

/** The key alone on standard output, so that it can go straight to where it is needed. */
function shown(data: NewKey): Result {
  return { data, text: data.key, aside: `The key ${data.id} (${data.roles.join(', ')}) is shown this once.`, exit: exits.well }
}

function rolesOf({ role }: Options): readonly string[] {
  return Array.isArray(role) ? role.map(String) : []
}
