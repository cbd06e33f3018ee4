import type { TSchema } from 'typebox'

/** What the validator says about one place; a structural part of its own error type. */
export interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
}

/** A JSON schema as far as our settings use one. `description` reads on after "must be". */
interface Node {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly Node[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

/**
 * One sentence about the first thing that is wrong: names the setting and what it may be, never its value.
 * @param variableOf the environment variable of a setting, if it has one
 */
export function sentenceAbout(schema: TSchema, errors: readonly SchemaError[], variableOf: (setting: string) => string | undefined): string {
  const unknown = extraSetting(errors)
  if (unknown !== undefined) return `The setting ${unknown} is not known.`
  const { instancePath, keyword, params } = errors[0]!
  const keys = instancePath.split('/').slice(1)
  if (keyword === 'required') return `The setting ${[...keys, missingName(params)].join('.')} is missing.`
  const setting = keys.join('.')
  const variable = variableOf(setting)
  const name = variable === undefined ? setting : `${setting} (${variable})`
  return `The setting ${name} must be ${describe(nodeAt(schema, keys))}.`
}

function extraSetting(errors: readonly SchemaError[]): string | undefined {
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties')
  if (error === undefined) return undefined
  const names = (error.params as { additionalProperties?: readonly string[] }).additionalProperties ?? []
  return [...error.instancePath.split('/').slice(1), names[0] ?? ''].join('.')
}

function missingName(params: object): string {
  return (params as { requiredProperties?: readonly string[] }).requiredProperties?.[0] ?? ''
}

function nodeAt(schema: Node, keys: readonly string[]): Node {
  return keys.reduce<Node>((node, key) => node.properties?.[key] ?? node.items ?? {}, schema)
}

function describe(node: Node): string {
  if (node.description !== undefined) return node.description
  if (node.anyOf !== undefined) return describeChoice(node.anyOf)
  switch (node.type) {
    case 'null': return 'null'
    case 'integer': return `a whole number from ${node.minimum ?? 0} to ${node.maximum ?? Number.MAX_SAFE_INTEGER}`
    case 'string': return node.maxLength === undefined ? 'a text that is not empty' : `a text of ${node.minLength ?? 0} to ${node.maxLength} characters`
    case 'array': return 'a list with at least one entry'
    default: return 'a group of settings'
  }
}

function describeChoice(choices: readonly Node[]): string {
  const names = choices.filter((choice) => choice.const !== undefined).map((choice) => String(choice.const))
  return names.length > 0 ? `one of ${names.join(', ')}` : choices.map(describe).join(' or ')
}
