import { MaskError } from '../errors.js'
import { mayHoldPhone } from '../record/audit/rules.js'
import { mayAct, type Actor, type Role } from '../shop/access.js'
import type { KeyInfo, MadeKey, NewKey } from '../shop/keys.js'
import type { KeyAnswer, KeyRequest, NewKeyAnswer } from './access-schemas.js'
import { formatTime, parseTime } from './time.js'

/** @throws MaskError request_invalid, expiry_invalid */
export function newKeyOf({ label, roles, expiresAt }: KeyRequest, now: number): NewKey {
  if (label.trim() === '' || label.includes('@') || mayHoldPhone(label)) throw new MaskError('request_invalid', { field: 'label' })
  if (expiresAt === undefined) return { label, roles }
  const time = parseTime(expiresAt)
  if (time === undefined) throw new MaskError('request_invalid', { field: 'expiresAt' })
  if (time <= now) throw new MaskError('expiry_invalid', { field: 'expiresAt' })
  return { label, roles, expiresAt: time }
}

/** Nobody gives, takes over or ends what only an operator may: keys of operators are their own matter. @throws MaskError forbidden */
export function checkGrant(actor: Actor, roles: readonly Role[]): void {
  if (roles.includes('operator') && !mayAct(actor, 'operator')) throw new MaskError('forbidden', { field: 'roles' })
}

export function keyView({ id, label, roles, state, createdAt, createdBy, lastUsedDay, expiresAt, revokedAt, replacedBy }: KeyInfo): KeyAnswer {
  return {
    id,
    label,
    roles: [...roles],
    state,
    createdAt: formatTime(createdAt),
    createdBy,
    ...(lastUsedDay === undefined ? {} : { lastUsedDay }),
    ...(expiresAt === undefined ? {} : { expiresAt: formatTime(expiresAt) }),
    ...(revokedAt === undefined ? {} : { revokedAt: formatTime(revokedAt) }),
    ...(replacedBy === undefined ? {} : { replacedBy })
  }
}

export function newKeyView({ key, info }: MadeKey): NewKeyAnswer {
  return { ...keyView(info), key }
}
