import { calledByApp } from '../account/behind-nat.js'
import type { Accounts } from '../account/types.js'
import type { InboundCall } from '../sip/types.js'
import { errorFields, type Log } from '../telemetry/log.js'
import { fromAccount, type Origin } from './origin.js'

/** A call that comes from no carrier has to show whose app it is; then it begins like any other. Never rejects. */
export async function begunByApp(accounts: Accounts, inbound: InboundCall, begin: (inbound: InboundCall, origin: Origin) => void, log: Log): Promise<void> {
  try {
    const { uri, authorization, source } = inbound
    const verdict = await accounts.authenticate({ method: 'INVITE', uri, authorization, source })
    if (verdict.kind === 'known') begin(calledByApp(inbound), fromAccount(verdict.account))
    else if (verdict.kind === 'challenge') inbound.challenge(verdict.challenge)
    else inbound.reject(403)
  } catch (error) {
    log.warn('account.call_failed', errorFields(error))
    inbound.reject(503, 5)
  }
}
