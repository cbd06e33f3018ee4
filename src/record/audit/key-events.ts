import type { OpenedKeys } from '../../store/keyring/open.js'
import type { Audit, AuditInput } from './types.js'

/** Writes down what the start of a process did to keys: in the installation's chain, because it concerns every shop. */
export async function auditKeyStart(audit: Pick<Audit, 'append'>, { rewrapped, destroyedAgain }: Omit<OpenedKeys, 'ring'>): Promise<void> {
  const entry: Omit<AuditInput, 'action'> = { shopId: 'system', actor: { id: 'system', roles: [] }, result: 'done' }
  if (rewrapped > 0) await audit.append({ ...entry, action: 'master.rotated', scope: `${rewrapped} keys` })
  for (const { purpose, owner, period } of destroyedAgain) {
    await audit.append({ ...entry, action: 'key.destroyed', scope: `${purpose} ${owner} ${period}: came back from a backup` })
  }
}
