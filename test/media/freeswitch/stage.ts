import t, { type Test } from 'tap'
import { createFreeswitchMedia } from '../../../src/media/freeswitch/engine.js'
import { soundsFolder } from '../../../src/media/sounds.js'
import type { MediaEngine } from '../../../src/media/types.js'
import { guardConsole } from '../../../src/telemetry/console-guard.js'
import { captured } from '../../support/log.js'
import { channelsOf, connectedSrf, listenForFreeswitch, realFreeswitch } from '../../support/freeswitch.js'
import { EslDouble } from './esl-double.js'
import { freeTcpPort, Proxy } from './proxy.js'

/** A FreeSWITCH, real or played, whose connections the test can cut. */
export interface Stage {
  /** Between us and the event socket. */
  readonly control: Proxy
  /** Between the channels and us. */
  readonly channelLinks: Proxy
  /** The played one; undefined for the real one. */
  readonly double: EslDouble | undefined
  readonly log: () => string
  channels(): Promise<number>
  engine(t: Pick<Test, 'teardown'>, overrides?: Overrides): MediaEngine
}

interface Overrides {
  readonly secret?: string
  readonly profile?: string
  readonly port?: number
  readonly listenPort?: number
  readonly deadlineMs?: number
  readonly silenceTimeoutMs?: number
  readonly sounds?: { root: string, overrides?: string }
}

export async function playedStage(t: Test): Promise<Stage> {
  const listenPort = await freeTcpPort()
  const channelLinks = await Proxy.open(t, listenPort)
  const double = await EslDouble.start(t, channelLinks.port)
  const control = await Proxy.open(t, double.port)
  return stage(t, { control, channelLinks, double, listenPort, srf: double.srf, secret: double.secret, channels: async () => double.channels.size })
}

export async function realStage(t: Test): Promise<Stage> {
  const listenPort = await freeTcpPort()
  const channelLinks = await Proxy.open(t, listenPort, listenForFreeswitch().port)
  const { port, password } = new URL(realFreeswitch!)
  const control = await Proxy.open(t, Number(port))
  return stage(t, { control, channelLinks, double: undefined, listenPort, srf: await connectedSrf(t), secret: password, channels: () => channelsOf(realFreeswitch!) })
}

type Parts = Pick<Stage, 'control' | 'channelLinks' | 'double' | 'channels'> & { listenPort: number, srf: unknown, secret: string }

function stage(t: Test, { listenPort, srf, secret, ...parts }: Parts): Stage {
  const { log, text } = captured()
  t.teardown(guardConsole(log))
  return {
    ...parts,
    log: text,
    engine(t, overrides = {}) {
      const engine = createFreeswitchMedia(Object.freeze({
        url: `esl://:${encodeURIComponent(overrides.secret ?? secret)}@127.0.0.1:${overrides.port ?? parts.control.port}`,
        srf,
        // The name that goes into each INVITE leads nowhere: only the dialplan's own address counts.
        listen: Object.freeze({ host: '127.0.0.1', port: overrides.listenPort ?? listenPort, advertised: '192.0.2.9' }),
        sounds: Object.freeze(overrides.sounds ?? { root: soundsFolder.replace(/\/$/, '') }),
        log,
        deadlineMs: overrides.deadlineMs ?? 4000,
        silenceTimeoutMs: overrides.silenceTimeoutMs ?? 600_000,
        ...(overrides.profile === undefined ? {} : { profile: overrides.profile })
      }))
      t.teardown(() => engine.close())
      return engine
    }
  }
}

/** Runs a test on the played FreeSWITCH, and on the real one where there is one. */
export function onBoth(name: string, run: (t: Test, stage: Stage) => Promise<void>): void {
  t.test(`${name}: played`, async (t) => run(t, await playedStage(t)))
  t.test(`${name}: real`, { skip: realFreeswitch === undefined }, async (t) => run(t, await realStage(t)))
}

/** Runs a test whose faults only the played one can have. */
export function onDouble(name: string, run: (t: Test, stage: Stage & { double: EslDouble }) => Promise<void>): void {
  t.test(name, async (t) => run(t, await playedStage(t) as Stage & { double: EslDouble }))
}
