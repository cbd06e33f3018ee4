import { MeAnswer } from '../access-schemas.js'
import { shopOf } from '../auth.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'
import { roles } from '../../shop/access.js'

/** /v1/me: who the key, or the console session, stands for. */
export function meRoute(app: Api, { settings }: RouteDeps): void {
  const schema = { operationId: 'whoAmI', summary: 'The shop and the roles of the one who asks', tags: ['access'], response: answers({ 200: MeAnswer }, []) }
  app.get('/me', { schema, config: { roles } }, async (request) => {
    const { id, name } = shopOf(request)
    const { language } = await settings.of(id)
    return { shopId: id, shopName: name, keyId: request.actor.id, roles: [...request.actor.roles], language }
  })
}
