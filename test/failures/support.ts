import type { Test } from 'tap'
import type { IncomingCall, OutgoingCall } from '../../src/embedded/phone/index.js'
import { doorTo, type Door } from '../support/door.js'
import { until } from '../support/whole.js'
import { stage, type Line, type Stage } from '../e2e/stage.js'

/** The whole application with a door in front of each server. */
export interface Doors {
  readonly store: Door
  readonly keys: Door
  readonly sip: Door
}

export interface FailureStage extends Stage, Scenes {
  readonly doors: Doors
}

/** What most tests of failures play. */
export interface Scenes {
  /** A courier and a customer who talk. */
  readonly talk: (line: Line) => Promise<Talk>
  /** Resolves when /readyz says so; rejects otherwise. */
  readonly ready: (is: boolean) => Promise<void>
  /** A new call on the line is answered and ended. */
  readonly callWorks: (t: Test, line: Line, name: string) => Promise<void>
}

export interface Talk {
  readonly call: OutgoingCall
  readonly taken: IncomingCall
  /** Whether both hear each other from now on. */
  readonly bothHear: () => Promise<boolean>
}

/** On a busy machine; what is waited for comes in much less. */
export const patienceMs = 20_000

export async function failureStage(t: Pick<Test, 'teardown'>, change: Parameters<typeof stage>[1] = () => undefined): Promise<FailureStage> {
  let doors: Doors | undefined
  const play = await stage(t, (config) => {
    // A busy machine is no fault; the default is 800.
    config.redis.commandTimeoutMs = 3000
    Object.assign(config.limits, { callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 1000 })
    change(config)
  }, async (servers) => {
    doors = { store: await doorTo(t, servers.redisUrl), keys: await doorTo(t, servers.keysUrl), sip: await doorTo(t, servers.drachtioUrl) }
    return { ...servers, redisUrl: doors.store.url, keysUrl: doors.keys.url, drachtioUrl: doors.sip.url }
  })
  // A start on a busy machine may have taken the servers for hung.
  const scenes = scenesOn(play)
  await scenes.ready(true)
  return { ...play, ...scenes, doors: doors! }
}

export function scenesOn(play: Stage): Scenes {
  const talk = async (line: Line): Promise<Talk> => {
    const call = play.courier.call(line.number, { via: play.via })
    const taken = await play.customer.nextCall(patienceMs)
    await taken.answer()
    await call.answered(patienceMs)
    call.say(440)
    taken.say(660)
    return { call, taken, bothHear: async () => await taken.hears(440, patienceMs) && await call.hears(660, patienceMs) }
  }
  const ready = async (is: boolean): Promise<void> => {
    await until(async () => (await play.api('GET', '/readyz')).body.ready === is || undefined, `readiness to be ${is}`, patienceMs)
  }
  const callWorks = async (t: Test, line: Line, name: string): Promise<void> => {
    const { call, taken, bothHear } = await talk(line)
    t.ok(await bothHear(), name)
    await call.hangUp()
    await taken.ended(patienceMs)
  }
  return { talk, ready, callWorks }
}
