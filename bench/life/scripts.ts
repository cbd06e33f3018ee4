import type { IncomingCall, OutgoingCall, PhoneCall } from '../../src/embedded/phone/index.js'
import { codeScripts, shopScripts } from './scripts-long.js'
import { patienceMs, type Scene } from './scene.js'

/** How one call goes. It rejects when something did not come as it must. */
export interface Script {
  readonly name: string
  /** How often, in relation to the others. */
  readonly weight: number
  /** Whose delivery it wants: of the shop whose people press 1 before they are connected, or one that is over. */
  readonly on?: 'asks' | 'over'
  /** Who calls; a party unless told. The clumsy ones press wrong codes and are not listened to for hours then. */
  readonly by?: 'stranger' | 'clumsy' | 'shop'
  readonly run: (scene: Scene) => Promise<void>
}

/** The caller dials, the callee rings and answers, and the two hear each other. */
export async function connected(scene: Scene, dial: Parameters<Scene['dial']>[0] = {}): Promise<[OutgoingCall, IncomingCall]> {
  const call = scene.dial(dial)
  const taken = await scene.rings()
  if (scene.random.chance(0.7)) await taken.ring()
  await scene.pause(0, 300)
  await taken.answer()
  await call.answered(patienceMs)
  await scene.talk(call, taken)
  return [call, taken]
}

/** How each refusal of a callee is told to a caller (src/call/termination.ts). */
const refusals: Readonly<Record<number, number>> = { 404: 480, 480: 480, 486: 486, 488: 488, 500: 480, 603: 603 }

const talk: Script = {
  name: 'talk', weight: 30, run: async (scene) => {
    const [call, taken] = await connected(scene)
    await scene.pause(0, 2500)
    await scene.partWays(call, taken)
  }
}

const keys: Script = {
  name: 'keys', weight: 4, run: async (scene) => {
    const [call, taken] = await connected(scene)
    call.press('5')
    taken.press('#')
    await Promise.all([taken.until(() => taken.digits.includes('5') || undefined, patienceMs, 'a key'), call.until(() => call.digits.includes('#') || undefined, patienceMs, 'a key')])
    await scene.partWays(call, taken)
  }
}

const hold: Script = {
  name: 'hold and resume', weight: 5, run: async (scene) => {
    const [call, taken] = await connected(scene)
    const [holder, other] = scene.random.chance(0.5) ? [call, taken] : [taken, call]
    scene.need((await holder.hold()).status === 200, 'a hold is refused')
    await scene.pause(0, 400)
    if (scene.random.chance(0.3)) return scene.partWays(call, taken)
    scene.need((await holder.resume()).status === 200, 'a resume is refused')
    scene.need(await hears(holder, other, scene), 'nothing is heard after a hold')
    await scene.partWays(call, taken)
  }
}

const lateOffer: Script = {
  name: 'no offer', weight: 4, run: async (scene) => {
    const [call, taken] = await connected(scene, { sdp: () => undefined })
    await scene.partWays(call, taken)
  }
}

/** Gives up after some time, whatever the other side does meanwhile. */
function cancelled(name: string, weight: number, lowMs: number, highMs: number, answers: boolean): Script {
  return {
    name, weight, run: async (scene) => {
      const call = scene.dial()
      void scene.rings(5000).then(async (ringing) => {
        if (scene.random.chance(0.8)) await ringing.ring()
        if (!answers) return
        await scene.pause(lowMs, highMs)
        await ringing.answer()
      }).catch(() => undefined)
      await scene.pause(lowMs, highMs)
      // Right in the instant of an answer this is a BYE.
      await call.hangUp()
      await scene.over(call)
    }
  }
}

const refused: Script = {
  name: 'declined, busy', weight: 10, run: async (scene) => {
    const call = scene.dial()
    const ringing = await scene.rings()
    if (scene.random.chance(0.5)) await ringing.ring()
    await scene.pause(0, 300)
    const status = scene.random.one(Object.keys(refusals).map(Number))
    ringing.reject(status)
    const told = (await call.refused(patienceMs)).status
    scene.need(told === refusals[status], `${status} is told as ${told}`)
  }
}

const unanswered: Script = {
  name: 'no answer', weight: 3, run: async (scene) => {
    const call = scene.dial()
    const ringing = await scene.rings()
    if (scene.random.chance(0.7)) await ringing.ring()
    scene.need((await call.refused(patienceMs)).status === 480, 'no answer is told as something else')
    await scene.over(ringing)
  }
}

const answeredAndLeft: Script = {
  name: 'answered and left', weight: 6, run: async (scene) => {
    const call = scene.dial()
    const taken = await scene.rings()
    await taken.answer()
    await scene.pause(0, 20)
    await taken.hangUp()
    await scene.over(call)
  }
}

const leftWithAck: Script = {
  name: 'left with the ACK', weight: 6, run: async (scene) => {
    const call = scene.dial({ onAnswer: (answered) => void answered.hangUp().catch(() => undefined) })
    const taken = await scene.rings()
    await taken.answer()
    await scene.over(call, taken)
  }
}

const noAck: Script = {
  name: 'no ACK', weight: 1, run: async (scene) => {
    const call = scene.dial({ ack: 'never' })
    const taken = await scene.rings()
    await taken.answer()
    await call.answered(patienceMs)
    // Given up when the answer was repeated for 32 s (RFC 3261 §13.3.1.4).
    await Promise.all([call, taken].map((one) => one.ended(50_000)))
  }
}

const hostile: Script = {
  name: 'garbage', weight: 5, run: async (scene) => {
    const bytes = Buffer.from(Array.from({ length: scene.random.between(5, 400) }, () => scene.random.between(0, 255)))
    if (scene.random.chance(0.5)) {
      const call = scene.dial({ sdp: () => `v=0\r\n${bytes.toString('latin1')}` })
      scene.need((await call.refused(patienceMs)).status === 488, 'a bad description is not refused')
      return
    }
    const [call, taken] = await connected(scene)
    for (let i = 0; i < 10; i++) call.audio?.send(bytes, i % 2 === 0 ? 'rtp' : 'rtcp')
    scene.need((await call.ask('REFER', [['Refer-To', '<sip:somebody@example.com>']])).status >= 400, 'a transfer is not refused')
    scene.need(await hears(call, taken, scene), 'garbage disturbs the talk')
    await scene.partWays(call, taken)
  }
}

const over: Script = {
  name: 'delivery over', weight: 5, on: 'over', run: async (scene) => {
    const call = scene.dial()
    // It may have been over for us and not yet for the application.
    void scene.rings(5000).then((ringing) => { ringing.reject(486) }).catch(() => undefined)
    if (scene.random.chance(0.4)) {
      await scene.pause(0, 1500)
      await call.hangUp()
    }
    await scene.over(call)
    scene.need(call.final === undefined || call.final.status >= 400, 'a delivery that is over is answered')
  }
}

const unknown: Script = {
  name: 'not your number', weight: 4, by: 'stranger', run: async (scene) => {
    const call = scene.dial()
    if (scene.random.chance(0.4)) {
      await scene.pause(0, 1500)
      await call.hangUp()
    }
    await scene.over(call)
    scene.need([480, 487].includes(call.final?.status ?? 487), `a stranger gets ${call.final?.status ?? 'nothing'}`)
  }
}

async function hears(a: PhoneCall, b: PhoneCall, scene: Scene): Promise<boolean> {
  const heard = await Promise.all([a.hears(scene.toneOf(b), patienceMs), b.hears(scene.toneOf(a), patienceMs)])
  return heard.every(Boolean)
}

/** Everything that people do on the phone. */
export const scripts: readonly Script[] = [
  talk, keys, hold, lateOffer,
  cancelled('cancelled at once', 5, 0, 15, false), cancelled('cancelled', 6, 0, 600, false), cancelled('cancelled at the answer', 6, 5, 60, true),
  refused, unanswered, answeredAndLeft, leftWithAck, noAck, hostile, over, unknown, ...codeScripts, ...shopScripts
]

