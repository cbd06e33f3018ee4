import { MaskError } from '../errors.js'
import type { Lines } from '../line/types.js'
import type { RegisterAnswer, RegisterRequest, Source } from '../sip/types.js'
import type { AccountRecords } from './records.js'
import type { Account, Accounts, AccountsConfig, Whereabouts } from './types.js'

/** Seconds below which a registration is not taken (RFC 3261 §10.3, step 7). */
const shortestSeconds = 60

interface Registrar {
  readonly config: AccountsConfig
  readonly records: AccountRecords
  readonly accounts: Pick<Accounts, 'serves' | 'authenticate'>
  readonly lines: Pick<Lines, 'find'>
  readonly isCarrier: (source: Source) => Promise<boolean>
}

/** What a REGISTER wants. */
type Wish =
  | { readonly kind: 'ask' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'stay', readonly uri: string, readonly seconds: number }

/**
 * What one REGISTER is answered (RFC 3261 §10.3). An account has one phone: a later one takes the place of the former.
 * @throws MaskError store_unavailable, store_full
 */
export async function answerTo(registrar: Registrar, request: RegisterRequest): Promise<RegisterAnswer> {
  const { accounts, config } = registrar
  if (!accounts.serves(request.uri)) return refused(403)
  const { source, authorization, uri } = request
  const verdict = await accounts.authenticate({ method: 'REGISTER', uri, authorization, source })
  if (verdict.kind === 'refuse') return refused(403)
  if (verdict.kind === 'challenge') return verdict
  const wish = wishOf(request, verdict.account, config.registrationSeconds)
  if (wish === undefined) return refused(400)
  return await isLive(registrar, verdict.account) ? grant(registrar, verdict.account, request, wish) : refused(403)
}

async function grant({ records, isCarrier }: Registrar, account: Account, request: RegisterRequest, wish: Wish): Promise<RegisterAnswer> {
  if (wish.kind === 'stay' && wish.seconds < shortestSeconds) return { ...refused(423), minExpires: shortestSeconds }
  if (wish.kind === 'ask') return present(await records.binding(account))
  if (wish.kind === 'leave') {
    await records.bind(account, undefined, 0)
    return { kind: 'accept' }
  }
  if (await isCarrier(request.source)) return refused(403)
  const { uri, seconds } = wish
  const bound = await records.bind(account, whereaboutsOf(request, uri), seconds * 1000)
  return bound ? { kind: 'accept', bound: { uri, expiresSeconds: seconds } } : refused(403)
}

/** Who only asks is told what is registered (RFC 3261 §10.2.3), and for how long yet. */
function present(binding: Awaited<ReturnType<AccountRecords['binding']>>): RegisterAnswer {
  return binding === undefined ? { kind: 'accept' } : { kind: 'accept', bound: { uri: binding.uri, expiresSeconds: Math.ceil(binding.leftMs / 1000) } }
}

const refused = (status: number): Extract<RegisterAnswer, { kind: 'reject' }> => ({ kind: 'reject', status })

/** Whether there is still somebody to talk to: a delivery may end before its account does. */
async function isLive({ lines }: Registrar, { shopId, deliveryId }: Account): Promise<boolean> {
  try {
    return (await lines.find(shopId, deliveryId)).state === 'live'
  } catch (error) {
    if (error instanceof MaskError && error.code === 'delivery_not_found') return false
    throw error
  }
}

/** One Contact of sip: or sips:, with what follows it. Several phones are not served. */
const oneContact = /^\s*(?:"(?:[^"\\]|\\.)*"|[\w .!%*+`'~-]*)\s*<(sips?:[\x21-\x3b\x3d\x3f-\x7e]{3,250})>((?:\s*;\s*[^,;"]*(?:"[^"]*")?)*)\s*$/i

/**
 * Whether a Contact's user begins with the account's name, which nobody else may begin theirs with. A drachtio-server keeps
 * the connections of registered phones by user and host of their Contact alone, and sends every later request to such a
 * Contact there: two phones that are both app@192.168.1.5, each in a home of its own, would get each other's calls.
 */
function isOwn(uri: string, { name }: Account): boolean {
  const [, user = ''] = /^sips?:([^@]*)@/i.exec(uri) ?? []
  return user === name || (user.startsWith(name) && !/[a-z0-9]/i.test(user.charAt(name.length)))
}

/** Undefined for what cannot be read or is not served. */
function wishOf({ contact, expires }: RegisterRequest, account: Account, longestSeconds: number): Wish | undefined {
  if (contact === undefined) return { kind: 'ask' }
  if (contact.trim() === '*') return expires === 0 ? { kind: 'leave' } : undefined
  const [, uri = '', parameters = ''] = oneContact.exec(contact) ?? []
  if (!isOwn(uri, account)) return undefined
  const own = /;\s*expires\s*=\s*(\d{1,9})/i.exec(parameters)?.[1]
  const seconds = own === undefined ? expires ?? longestSeconds : Number(own)
  return seconds === 0 ? { kind: 'leave' } : { kind: 'stay', uri, seconds: Math.min(seconds, longestSeconds) }
}

function whereaboutsOf({ source: { address, port, protocol } }: RegisterRequest, uri: string): Whereabouts {
  const host = address.includes(':') ? `[${address}]` : address
  return { uri, route: `sip:${host}:${port};transport=${protocol}` }
}
