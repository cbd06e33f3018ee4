import type { Test } from 'tap'
import { createGateway, createPhone, findNumber, type IncomingCall, type OutgoingCall, type Phone } from '../../src/embedded/phone/index.js'
import { startWhole, type Between, type Changes, type Whole } from '../support/whole.js'

export const courierNumber = '+46701740605'
export const customerNumber = '+46701740606'
export const strangerNumber = '+46701740607'

export interface Line {
  readonly id: string
  /** The proxy number. */
  readonly number: string
  readonly accessCode: string
}

/** A carrier with three phones in front of the whole application. */
export interface Stage extends Whole {
  readonly courier: Phone
  readonly customer: Phone
  readonly stranger: Phone
  /** What phones call through: the carrier, which vouches for their numbers. */
  readonly via: string
  /** A line between courier and customer. */
  line(over?: Record<string, unknown>): Promise<Line>
}

let reference = 0

export async function stage(t: Pick<Test, 'teardown'>, change?: Changes, between?: Between): Promise<Stage> {
  const whole = await startWhole(t, (config) => {
    // Every line that two people get needs a number of its own: the quarantine holds the last one.
    config.pools[0]!.numbers = ['+442079460000-+442079460099']
    change?.(config)
  }, between)
  const gateway = await createGateway({ port: whole.gatewayPort })
  gateway.routeTo(`sip:127.0.0.1:${whole.sipPort}`)
  const phones = await Promise.all([courierNumber, customerNumber, strangerNumber].map((number) => createPhone({ number })))
  const [courier, customer, stranger] = phones as [Phone, Phone, Phone]
  gateway.register(...phones)
  t.teardown(async () => {
    await Promise.all(phones.map((phone) => phone.close()))
    await gateway.close()
  })
  const line = async (over: Record<string, unknown> = {}): Promise<Line> => {
    const order = { reference: `order-${++reference}`, courier: { phone: courierNumber }, customer: { phone: customerNumber }, ttlSeconds: 3600 }
    const { status, body, text } = await whole.api('POST', '/v1/deliveries', { ...order, ...over })
    if (status !== 201) throw new Error(`No line: ${text}`)
    return { id: body.id as string, number: body.number as string, accessCode: body.accessCode as string }
  }
  return { ...whole, courier, customer, stranger, via: gateway.uri, line }
}

/** Where a number stands in what reached a phone. */
export function findNumberIn(phone: Phone, number: string): number[] {
  return findNumber(phone.seen, number)
}

/** Many short tests share one stage; each begins with nothing in use and with a line of its own. */
export async function freshLine(stage: Stage, over?: Record<string, unknown>): Promise<Line> {
  await stage.idle()
  return stage.line(over)
}

/** The courier calls, and the customer rings and answers. */
export async function talking({ courier, customer, via }: Stage, { number }: Line): Promise<[OutgoingCall, IncomingCall]> {
  const call = courier.call(number, { via })
  const ringing = await customer.nextCall()
  await ringing.ring()
  await call.ringing()
  await ringing.answer()
  await call.answered()
  return [call, ringing]
}
