import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import type { Test } from 'tap'
import { Control } from '../../src/media/rtpengine/control.js'
import { freePort } from './ports.js'

export interface TestRtpengine {
  readonly url: string
  /** Calls that it knows and RTP ports that it holds. */
  load(): Promise<{ calls: number, ports: number }>
  /** Ends it as a crash would. */
  kill(): Promise<void>
}

/** Why the tests with the real daemon cannot run here; undefined when they can. */
export const noRtpengine = spawnSync('rtpengine', ['--version']).error === undefined ? undefined : 'rtpengine is not installed (apt-get install rtpengine-daemon)'

const startDeadlineMs = 20_000

/** An rtpengine of our own on 127.0.0.1, gone when the test ends. @param ports how many RTP ports it may take; four serve one call */
export async function startRtpengine(t: Pick<Test, 'teardown'>, port?: number, ports = 400): Promise<TestRtpengine> {
  const ngPort = port ?? await freePort()
  const first = 10_000 + ports * randomInt(Math.floor(6400 / ports))
  const child = spawn('rtpengine', [
    '--config-file=none', '--foreground', '--log-stderr', '--log-level=2', '--table=-1', '--num-threads=2', '--media-num-threads=1',
    '--interface=127.0.0.1', `--listen-ng=127.0.0.1:${ngPort}`, `--port-min=${first}`, `--port-max=${first + ports - 1}`
  ], { stdio: 'ignore' })
  const url = `udp://127.0.0.1:${ngPort}`
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  t.teardown(kill)
  await answers(url)
  return { url, kill, load: () => load(url) }
}

async function answers(url: string): Promise<void> {
  for (const until = Date.now() + startDeadlineMs; ;) {
    const control = new Control(url)
    const up = await control.request('ping', {}, 1000).then(() => true, () => false)
    await control.close()
    if (up) return
    if (Date.now() > until) throw new Error('rtpengine does not answer')
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}

async function load(url: string): Promise<{ calls: number, ports: number }> {
  const control = new Control(url)
  const reply = await control.request('statistics', {}, 5000)
  await control.close()
  const { currentstatistics, interfaces } = reply.statistics as { currentstatistics: { sessionstotal: number }, interfaces: { ports: { used: number } }[] }
  return { calls: currentstatistics.sessionstotal, ports: interfaces[0]!.ports.used }
}
