import { SerializerSelector, type Serializer, type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

const build = SerializerSelector()
/** Serializers of this process, by the schemas that they may refer to and by their own. */
const made = new Map<string, Map<string, Serializer>>()

/**
 * Makes each serializer once. Fastify makes one for every status of every route, and most of these are the same
 * problem: some hundred compilations, which is most of what a start takes.
 */
export const buildSerializer: SerializerFactory = (externalSchemas, options) => {
  const compile = build(externalSchemas, options)
  const context = JSON.stringify(externalSchemas)
  const known = made.get(context) ?? new Map<string, Serializer>()
  made.set(context, known)
  return (route) => {
    const name = JSON.stringify(route.schema)
    const serializer = known.get(name) ?? compile(route)
    known.set(name, serializer)
    return serializer
  }
}
