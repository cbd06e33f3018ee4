import { Type, type TString } from 'typebox'

/**
 * What may stand in an address: ids of ours and nothing else. Addresses lie in the logs of proxies and in the histories of
 * browsers, so there is no room in them for a word or a number of anybody's; test/http/addresses.test.ts holds all routes
 * to it. What is no id gets 404 `not_found`, before anything is looked up.
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
