import { Type, type Static } from 'typebox'
import { Ceilings } from '../config.js'
import { roles } from '../shop/access.js'

const closed = { additionalProperties: false } as const
const Time = Type.String({ description: 'A date and time of RFC 3339.', examples: ['2026-01-31T12:00:00.000Z'] })
const RoleName = Type.Enum([...roles], { description: 'app: deliveries and calls. admin: everything of its shop. auditor: retention, runs, audit, settings. operator: shops, keys and pools of the installation.' })
const RoleNames = Type.Array(RoleName, { minItems: 1, maxItems: roles.length, uniqueItems: true, examples: [['app']] })
const KeyId = Type.String({ description: 'Public; letters only.', examples: ['bcdfghjkmnpqrstv'] })
const ShopId = Type.String({ pattern: '^[a-z0-9]{1,16}$', description: '1 to 16 characters of a-z and 0-9; given once for ever.', examples: ['bakery'] })
const ShopName = Type.String({ pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]{1,80}$', examples: ['Corner bakery'] })
const Language = Type.Enum(['en', 'et', 'ru'], { description: 'What its people hear until the shop sets it itself.' })
const CeilingsOf = Type.Object(Ceilings.properties, { ...closed, description: 'What the shop may set for itself at most; what is absent is as configured for all.' })
const Country = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1; how its people\'s national numbers are read.', examples: ['EE'] })

export const MeAnswer = Type.Object({
  shopId: ShopId,
  shopName: Type.String({ examples: ['Corner bakery'] }),
  keyId: KeyId,
  roles: RoleNames,
  language: Type.Enum(['en', 'et', 'ru'])
}, closed)

// Keys

export const KeyRequest = Type.Object({
  label: Type.String({ pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]{1,60}$', description: 'What the key is for. No personal data: no names, addresses or numbers of people.', examples: ['order system'] }),
  roles: RoleNames,
  expiresAt: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339; without it the key is good until it is revoked.', examples: ['2027-01-31T12:00:00Z'] }))
}, closed)
export type KeyRequest = Static<typeof KeyRequest>

export const RotateRequest = Type.Object({
  graceSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 604800, description: 'How long the old key goes on; 86400 when absent.' }))
}, closed)

const keyFields = {
  id: KeyId,
  label: Type.String({ examples: ['order system'] }),
  roles: RoleNames,
  state: Type.Enum(['live', 'expired', 'revoked']),
  createdAt: Time,
  createdBy: Type.String({ description: 'Id of the key that made it.' }),
  lastUsedDay: Type.Optional(Type.String({ description: 'The last UTC day on which it was used.', examples: ['2026-01-31'] })),
  expiresAt: Type.Optional(Time),
  revokedAt: Type.Optional(Time),
  replacedBy: Type.Optional(KeyId)
}
export const KeyAnswer = Type.Object(keyFields, { ...closed, $id: 'ApiKey' })
export type KeyAnswer = Static<typeof KeyAnswer>
export const NewKeyAnswer = Type.Object({
  ...keyFields,
  key: Type.String({ description: 'The key itself. Shown this once; only its digest is kept.' })
}, { ...closed, $id: 'NewApiKey' })
export type NewKeyAnswer = Static<typeof NewKeyAnswer>
export const KeysAnswer = Type.Object({ keys: Type.Array(Type.Ref('ApiKey')) }, closed)

// Shops

export const ShopRequest = Type.Object({ id: ShopId, name: ShopName, pool: Type.String({ pattern: '^[a-z0-9]{1,16}$', description: 'A pool of the configuration.', examples: ['demo'] }), country: Country, language: Type.Optional(Language), ceilings: Type.Optional(CeilingsOf) }, closed)
export type ShopRequest = Static<typeof ShopRequest>
export const ShopChangeRequest = Type.Object({ name: Type.Optional(ShopName), country: Type.Optional(Country), language: Type.Optional(Language), ceilings: Type.Optional(CeilingsOf) }, { ...closed, minProperties: 1 })
export const ShopAnswer = Type.Object({
  id: ShopId,
  name: Type.String({ examples: ['Corner bakery'] }),
  pool: Type.String({ examples: ['demo'] }),
  country: Country,
  language: Type.Optional(Language),
  ceilings: Type.Optional(CeilingsOf),
  from: Type.Enum(['configuration', 'api'], { description: 'Where it was made and is changed.' })
}, { ...closed, $id: 'Shop' })
export type ShopAnswer = Static<typeof ShopAnswer>
export const ShopsAnswer = Type.Object({ shops: Type.Array(Type.Ref('Shop')) }, closed)

export const accessSchemas = [KeyAnswer, NewKeyAnswer, ShopAnswer]

/**
 * The named schemas as routes answer with them. Once a route has answered with a named schema itself, the serializer's
 * compiler forgets the name (@fastify/fast-json-stringify-compiler 5), so that later references lead nowhere.
 */
export const refs = {
  key: Type.Unsafe<KeyAnswer>(Type.Ref('ApiKey')),
  newKey: Type.Unsafe<NewKeyAnswer>(Type.Ref('NewApiKey')),
  shop: Type.Unsafe<ShopAnswer>(Type.Ref('Shop'))
}
