import { Type, type TString } from 'typebox'
import type { ErrorCode } from '../errors.js'

/**
 * What may stand in an address: ids of ours and nothing else. Addresses lie in the logs of proxies and in the histories of
 * browsers, so there is no room in them for a word or a number of anybody's; test/http/addresses.test.ts holds all routes
 * to it. What is no id is answered like an id that nobody has, before anything is looked up.
 */
const closed = { additionalProperties: false } as const
const id = (pattern: string, description: string, example: string): TString => Type.String({ pattern: `^${pattern}$`, description, examples: [example] })

const letters = id('[a-z]{20}', 'An id of ours.', 'zyxwvtsrqpnmkjhgfdcb')
const KeyId = id('[a-z]{16}', 'The id of a key.', 'bcdfghjkmnpqrstv')
const ShopId = id('[a-z0-9]{1,16}', 'The id of a shop.', 'bakery')

export const DeliveryParam = Type.Object({ id: id('[a-z0-9]{1,16}-[a-z]{20}', 'The id of a delivery.', 'demo-bcdfghjkmnpqrstvwxyz') }, closed)
/** Of a call, a hold, a request, a proof. */
export const IdParam = Type.Object({ id: letters }, closed)
export const KeyParam = Type.Object({ id: KeyId }, closed)
export const ShopParam = Type.Object({ id: ShopId }, closed)
export const ShopKeyParam = Type.Object({ id: ShopId, keyId: KeyId }, closed)
export const EventParam = Type.Object({ id: id('msg_[a-z]{20}', 'The id of an event.', 'msg_bcdfghjkmnpqrstvwxyz') }, closed)
/** A proxy number, which is the pool's and nobody's own. */
export const NumberParam = Type.Object({ number: id('\\+[1-9]\\d{4,14}', 'A proxy number in E.164 form.', '+442079460001') }, closed)

/** What is not there when an address holds no id, by the beginning of its pattern; the first that fits. */
const unknown: readonly (readonly [route: string, code: ErrorCode])[] = [
  ['/v1/deliveries/:id', 'delivery_not_found'], ['/v1/calls/:id/recording', 'recording_not_found'], ['/v1/calls/:id', 'call_not_found'], ['/v1/holds/:id', 'hold_not_found'],
  ['/v1/keys/:id', 'key_not_found'], ['/v1/numbers/:number', 'number_not_found'], ['/v1/webhooks/failed/:id', 'webhook_not_found'], ['/v1/shops/:id/keys/:keyId', 'key_not_found'], ['/v1/shops/:id', 'shop_not_found'],
  ['/v1/persons/', 'not_found']
]

/** @returns undefined where an address has no id but a word out of a fixed set */
export function unknownAt(route: string): ErrorCode | undefined {
  return unknown.find(([start]) => route.startsWith(start))?.[1]
}
