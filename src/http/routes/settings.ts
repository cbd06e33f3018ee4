import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { MaskError } from '../../errors.js'
import { parsePhone } from '../../phone/e164.js'
import { capNames, type Ceilings } from '../../shop/caps.js'
import { SettingsSchema, type ShopSettings } from '../../shop/settings.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['settings']
const ChangeSettings = Type.Partial(Type.Object({
  ...SettingsSchema.properties,
  quarantineSeconds: Type.Integer({ minimum: 60, maximum: 2592000, description: 'How long a number stays reserved for its two people after a delivery; the period of the retention class `quarantine`' })
}), { additionalProperties: false, minProperties: 1 })

/** /v1/settings: what a shop decides about its calls. */
export function settingsRoutes(app: Api, deps: RouteDeps): void {
  const { settings, config, lines } = deps
  const read = { operationId: 'readSettings', summary: 'What the shop has set about its calls', tags, response: answers({ 200: SettingsSchema }, []) }
  app.get('/settings', { schema: read, config: { roles: ['admin', 'auditor'] } }, async (request) => settings.read(shopOf(request).id))

  const change = {
    operationId: 'changeSettings',
    summary: 'Change some of it; holds for the next calls',
    tags,
    body: ChangeSettings,
    response: answers({ 200: SettingsSchema }, ['phone_invalid', 'phone_not_allowed', 'phone_emergency', 'phone_is_proxy', 'recording_period'], { body: true })
  }
  app.patch('/settings', { schema: change, config: { roles: ['admin'] } }, async (request) => {
    const { supportPhone } = request.body
    const policy = { allowedCountries: config.line.allowedCountries, isProxyNumber: (number: string) => lines.isProxyNumber(number) }
    if (request.body.recording === true && await deps.retention.periods.period(shopOf(request).id, 'recording') === null) throw new MaskError('recording_period', { field: 'recording' })
    if (typeof supportPhone === 'string') parsePhone(supportPhone, policy, 'supportPhone')
    checkCaps(request.body, deps.caps.ceilings(shopOf(request).id))
    const changed = await changeAll(deps, request, request.body)
    await audited(deps, request, 'settings.change', { scope: Object.keys(request.body).join(', ') })
    return changed
  })
}

/** A shop may allow itself less than the operator allows it, never more. @throws MaskError request_invalid */
function checkCaps(wanted: Static<typeof ChangeSettings>, ceilings: Ceilings): void {
  const field = capNames.find((name) => (wanted[name] ?? 0) > ceilings[name])
  if (field !== undefined) throw new MaskError('request_invalid', { field })
}

/** The quarantine is a period of the retention classes too: it is changed there, with its history. */
async function changeAll({ settings, retention }: RouteDeps, request: FastifyRequest, { quarantineSeconds: quarantine, ...rest }: Static<typeof ChangeSettings>): Promise<ShopSettings> {
  const { id: shopId } = shopOf(request)
  if (quarantine !== undefined && quarantine !== (await settings.read(shopId)).quarantineSeconds) {
    await retention.periods.change(shopId, { actor: request.actor, periods: { quarantine }, reason: 'Changed with the settings of the shop' })
  }
  return Object.keys(rest).length > 0 ? settings.change(shopId, rest) : settings.read(shopId)
}
