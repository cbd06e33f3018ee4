/**
 * What a key may do. app: deliveries and calls; admin: everything of its shop; auditor: reads retention, runs, audit and
 * settings, never deliveries, calls or persons; operator: shops, keys, pools and trunks of the installation, never a shop's calls.
 */
export const roles = ['app', 'admin', 'auditor', 'operator'] as const
export type Role = typeof roles[number]

/** Who asks: an API key or a console session that was opened with one. */
export interface Actor {
  /** Public id of the key, letters only; stands in the audit trail. */
  readonly id: string
  readonly shopId: string
  readonly roles: readonly Role[]
}

export function mayAct(actor: Actor, ...wanted: readonly Role[]): boolean {
  return actor.roles.some((role) => wanted.includes(role))
}
