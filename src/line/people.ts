import type { E164 } from '../phone/types.js'
import type { Vault } from '../store/crypto.js'
import { fromDigits, toDigits } from './numbers.js'
import type { Party } from './types.js'

/** What is personal in a delivery. It leaves the process only sealed. */
export interface People {
  /** Phones of each party; the first is the one that is rung. */
  readonly courier: readonly E164[]
  readonly customer: readonly E164[]
  readonly reference: string
}

/** @param id of the delivery, authenticated with the data */
export function sealPeople(vault: Vault, id: string, people: People): Buffer {
  const phones = (list: readonly E164[]): string => list.map(toDigits).join(',')
  return vault.seal(`${phones(people.courier)};${phones(people.customer)};${people.reference}`, id)
}

/** @throws MaskError internal when the data does not belong to this delivery */
export function openPeople(vault: Vault, id: string, sealed: Buffer): People {
  const [, courier = '', customer = '', reference = ''] = /^([^;]*);([^;]*);(.*)$/s.exec(vault.open(sealed, id)) ?? []
  const phones = (text: string): E164[] => text.split(',').map(fromDigits)
  return { courier: phones(courier), customer: phones(customer), reference }
}

export function otherParty(party: Party): Party {
  return party === 'courier' ? 'customer' : 'courier'
}
