import { Type } from 'typebox'
import { parsePhone } from '../../phone/e164.js'
import { SettingsSchema } from '../../shop/settings.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['settings']
const ChangeSettings = Type.Partial(SettingsSchema, { additionalProperties: false, minProperties: 1 })

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
    response: answers({ 200: SettingsSchema }, ['phone_invalid', 'phone_not_allowed', 'phone_emergency', 'phone_is_proxy'], { body: true })
  }
  app.patch('/settings', { schema: change, config: { roles: ['admin'] } }, async (request) => {
    const { supportPhone } = request.body
    const policy = { allowedCountries: config.line.allowedCountries, isProxyNumber: (number: string) => lines.isProxyNumber(number) }
    if (typeof supportPhone === 'string') parsePhone(supportPhone, policy, 'supportPhone')
    const changed = await settings.change(shopOf(request).id, request.body)
    await audited(deps, request, 'settings.change', { scope: Object.keys(request.body).join(', ') })
    return changed
  })
}
