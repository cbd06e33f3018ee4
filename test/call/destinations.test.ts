import fc from 'fast-check'
import t from 'tap'
import { startCallback } from '../../src/call/callback.js'
import type { CallDeps } from '../../src/call/deps.js'
import { fromTrunk } from '../../src/call/origin.js'
import { CallSession } from '../../src/call/session.js'
import type { Lines, Party } from '../../src/line/types.js'
import { mayDial } from '../../src/phone/dialable.js'
import type { E164 } from '../../src/phone/types.js'
import type { IdentityHeaders } from '../../src/phone/identity.js'
import { CallStage, ScriptedInbound } from '../support/call-doubles.js'
import { freshLines, person, proxy } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const numbers = [proxy(0), proxy(1), proxy(2)]
const people = [0, 1, 2, 3, 4, 5].map(person)
const support = person(90)
/** Premium rate, shared cost, satellite, international networks and freephone, personal numbers, emergency, short, islands that fraud likes. */
const costly = ['+449098790000', '+46900123456', '+3729001234', '+881612345678', '+870772001234', '+88213123456', '+88299123456', '+80012345678', '+979123456789', '+447012345678', '+112', '112', '911', '1247', '+372112', '+3728112345', '+2521234567', '+6747654321', '+53512345678', '+18765551234']

class Invite extends ScriptedInbound {
  override readonly dialled: string
  override readonly identity: IdentityHeaders
  constructor(dialled: string, identity: IdentityHeaders) {
    super()
    this.dialled = dialled
    this.identity = identity
  }
}

interface Living {
  readonly id: string
  readonly number: E164
  readonly phones: Record<Party, E164>
  live: boolean
}

/** Whatever a caller writes: a number, a costly one, or a URI around it. */
const digits = fc.oneof(fc.constantFrom<string>(...numbers, ...people, ...costly, support, 'nobody', '', '*31#', '+46701740699;phone-context=+46'), fc.stringMatching(/^\+?\d{3,15}$/))
const uri = fc.tuple(digits, fc.constantFrom((user: string) => `<sip:${user}@127.0.0.1>`, (user: string) => `<tel:${user}>`, (user: string) => `"${user}" <sip:anonymous@anonymous.invalid>`, (user: string) => user)).map(([user, wrap]) => wrap(user))
const caller = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...people).map((phone) => `<tel:${phone}>`) }, { weight: 1, arbitrary: uri })
const party = fc.constantFrom<Party>('courier', 'customer')
const step = fc.oneof(
  fc.record({ kind: fc.constant('allocate' as const), courier: fc.constantFrom(...people), customer: fc.constantFrom(...people) }),
  fc.record({ kind: fc.constant('close' as const), which: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant('change' as const), which: fc.nat({ max: 3 }), party, phone: fc.constantFrom(...people) }),
  fc.record({ kind: fc.constant('callback' as const), which: fc.nat({ max: 3 }), party }),
  fc.record({ kind: fc.constant('forbid' as const), phone: fc.constantFrom(...people) }),
  fc.record({ kind: fc.constant('call' as const), dialled: fc.oneof({ weight: 3, arbitrary: fc.constantFrom<string>(...numbers) }, { weight: 1, arbitrary: digits }), pai: fc.array(caller, { minLength: 1, maxLength: 2 }), from: uri, withSupport: fc.boolean() }),
  fc.record({ kind: fc.constant('call' as const), dialled: fc.constantFrom<string>(...numbers), pai: fc.constantFrom(...people).map((phone) => [`<tel:${phone}>`]), from: uri, withSupport: fc.boolean() })
)

/** Real lines and the real call code; the trunk writes down what it is asked to dial. */
class Play {
  readonly dialled: string[] = []
  readonly deliveries: Living[] = []
  readonly forbidden = new Set<string>()

  constructor(private readonly lines: Lines) {}

  /** Whoever may be rung now: the people of live deliveries, and the support line where the shop has one. */
  reachable(withSupport: boolean): Set<string> {
    const phones = this.deliveries.filter(({ live }) => live).flatMap((delivery) => Object.values(delivery.phones))
    return new Set([...phones, ...(withSupport ? [support] : [])].filter((phone) => !this.forbidden.has(phone)))
  }

  #deps(withSupport: boolean): CallDeps {
    const stage = new CallStage()
    stage.settings = { supportPhone: withSupport ? support : null }
    stage.speaks = true
    const policy = { allowedCountries: ['SE'], isProxyNumber: (number: string) => this.lines.isProxyNumber(number) }
    const callee = stage.callee
    stage.callee = async (order) => {
      this.dialled.push(order.to)
      setImmediate(() => stage.b.end())
      stage.press('1')
      return callee(order)
    }
    return { ...stage.deps(), lines: this.lines, mayDial: (number) => !this.forbidden.has(number) && mayDial(number, policy) }
  }

  async call({ dialled, pai, from, withSupport }: { dialled: string, pai: readonly string[], from: string, withSupport: boolean }): Promise<void> {
    const origin = fromTrunk({ id: 'demo', asksCode: false, identity: ['pai', 'from'], country: 'SE' })
    await new CallSession(this.#deps(withSupport), new Invite(dialled, { pai, from, privacy: [] }), origin).run()
  }

  async callBack(deliveryId: string, first: Party): Promise<void> {
    const callback = await startCallback(this.#deps(false), { shopId: 'shop', deliveryId, first }).catch(() => undefined)
    callback?.stop()
    await callback?.done
  }
}

t.test('only the people of a live delivery, or the shop\'s support line, are ever dialled, whatever is called and asked for', async (t) => {
  let dialled = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 30 }), async (more) => {
    const steps: typeof more = [{ kind: 'allocate', courier: people[0]!, customer: people[1]! }, { kind: 'allocate', courier: people[2]!, customer: people[3]! }, ...more]
    const { lines, wanted } = await freshLines(t, store, { numbers, limits: { callsPerCallerHour: 10_000, callsPerDeliveryHour: 1000, callsPerNumberMinute: 100_000 } })
    const play = new Play(lines)
    for (const one of steps) {
      const target = 'which' in one ? play.deliveries.at(one.which) : undefined
      play.dialled.length = 0
      const before = play.reachable('withSupport' in one && one.withSupport)
      if (one.kind === 'allocate') {
        const made = await lines.allocate(wanted(one.courier, one.customer)).catch(() => undefined)
        if (made) play.deliveries.push({ id: made.id, number: made.number, phones: { courier: one.courier, customer: one.customer }, live: true })
      } else if (one.kind === 'close' && target) {
        await lines.close('shop', target.id)
        target.live = false
      } else if (one.kind === 'change' && target) {
        const changed = await lines.change('shop', target.id, { [one.party]: one.phone }).catch(() => undefined)
        if (changed) target.phones[one.party] = one.phone
      } else if (one.kind === 'callback' && target) await play.callBack(target.id, one.party)
      else if (one.kind === 'forbid') play.forbidden.add(one.phone)
      else if (one.kind === 'call') await play.call(one)
      dialled += play.dialled.length
      if (play.dialled.some((number) => !before.has(number))) return false
    }
    return true
  }), { numRuns: 60 })
  t.comment(`${dialled} numbers were dialled`)
  t.ok(dialled > 20, 'the property says something')
})

t.test('a costly number gets no line, and is not dialled if one were in the store already', async (t) => {
  const policy = { allowedCountries: ['SE', 'GB', 'EE', 'LV'] }
  for (const number of costly) t.equal(mayDial(number, policy), false, number)
  const { lines, wanted } = await freshLines(t, store)
  for (const number of costly.filter((one) => one.startsWith('+'))) {
    const { number: line, id } = await lines.allocate(wanted(person(0), number as E164)).catch(() => ({ number: undefined, id: '' }))
    if (line === undefined) continue
    const play = new Play(lines)
    await play.call({ dialled: line, pai: [`<tel:${person(0)}>`], from: '', withSupport: false })
    await play.callBack(id, 'courier')
    t.same(play.dialled, [], number)
  }
})

t.test('a number that became disallowed after its line was made is not dialled any more', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { number, id } = await lines.allocate(wanted(person(0), person(1)))
  const play = new Play(lines)
  const call = { dialled: number, pai: [`<tel:${person(0)}>`], from: '', withSupport: false }
  await play.call(call)
  t.same(play.dialled, [person(1)])
  play.forbidden.add(person(1))
  await play.call(call)
  await play.callBack(id, 'courier')
  await play.callBack(id, 'customer')
  t.same(play.dialled, [person(1)])
})
