import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../src/config.js'
import type { RawCall } from './raw-caller.js'
import type { Whole } from './whole.js'

/** Callers who must not be able to tell what is behind the number that they dial. */
export const classes = ['unknown', 'not_yours', 'long_over', 'over_not_yours'] as const
export type Class = typeof classes[number]
export type Strangers = Readonly<Record<Class, RawCall>>

const [courier, customer, stranger] = ['+46701740605', '+46701740606', '+46701740607']

/** What the lines of {@link strangers} need. */
export function shortLines(config: Config): void {
  config.line.minTtlSeconds = 1
  config.line.quarantineSeconds = 0
}

/** Makes a line for each class: none, one of others, one of the caller that is long over, one of others in quarantine. */
export async function strangers({ api }: Pick<Whole, 'api'>): Promise<Strangers> {
  const line = async (reference: string, ttlSeconds: number): Promise<{ id: string, number: string }> => {
    const { status, body, text } = await api('POST', '/v1/deliveries', { reference, courier: { phone: courier }, customer: { phone: customer }, ttlSeconds })
    if (status !== 201) throw new Error(`No line: ${text}`)
    return body as { id: string, number: string }
  }
  const over = await line('over', 1)
  await api('PATCH', '/v1/settings', { quarantineSeconds: 86_400 })
  const [theirs, closed] = [await line('theirs', 3600), await line('closed', 3600)]
  await api('DELETE', `/v1/deliveries/${closed.id}`)
  await sleep(1500)
  return {
    unknown: { from: stranger, dialled: '+442079461111' },
    not_yours: { from: stranger, dialled: theirs.number },
    long_over: { from: courier, dialled: over.number },
    over_not_yours: { from: stranger, dialled: closed.number }
  }
}
