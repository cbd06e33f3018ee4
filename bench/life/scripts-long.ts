import { setTimeout as sleep } from 'node:timers/promises'
import type { OutgoingCall, PhoneCall } from '../../src/embedded/phone/index.js'
import { patienceMs, type Scene } from './scene.js'
import type { Script } from './scripts.js'

/** Between two keys (ms); as quick as a person can be. */
const keyMs = 120
/** A prompt before which keys may be pressed already lasts some seconds. */
const promptMs = 35_000

/** Hears a question, and presses keys one after the other, in one of the two ways (RFC 4733, INFO). */
async function type(scene: Scene, call: PhoneCall, keys: string): Promise<void> {
  const byInfo = scene.random.chance(0.3)
  await call.hearsSomething(patienceMs)
  for (const key of keys) {
    if (call.state === 'ended') return
    if (byInfo) await call.pressByInfo(key)
    else call.press(key)
    await sleep(keyMs)
  }
}

/** Calls the trunk that asks for a code, and enters one. */
async function enter(scene: Scene, code: string): Promise<OutgoingCall> {
  const call = scene.dial({ asking: true })
  await call.answered(patienceMs)
  await type(scene, call, `${code}#`)
  return call
}

const role = (scene: Scene): string => scene.callee === scene.delivery.customer ? '1' : '2'

/** By people with another phone than the one that was named. */
export const codeScripts: readonly Script[] = [
  {
    name: 'access code', weight: 5, by: 'stranger', run: async (scene) => {
      const call = await enter(scene, scene.delivery.accessCode)
      scene.admit()
      await type(scene, call, role(scene))
      const taken = await scene.rings(promptMs)
      await taken.answer()
      await scene.talk(call, taken)
      await scene.partWays(call, taken)
    }
  },
  {
    name: 'wrong code', weight: 1, by: 'clumsy', run: async (scene) => {
      // One digit more than any code has.
      const call = await enter(scene, '1234567890')
      await type(scene, call, role(scene))
      if (scene.random.chance(0.7)) {
        await scene.pause(0, 3000)
        await call.hangUp()
      }
      await call.ended(60_000)
    }
  },
  {
    name: 'hung up over the code', weight: 3, by: 'stranger', run: async (scene) => {
      scene.admit()
      const call = await enter(scene, scene.delivery.accessCode)
      void scene.rings(3000).then((ringing) => { ringing.reject(486) }).catch(() => undefined)
      await type(scene, call, role(scene))
      await scene.pause(0, 300)
      await call.hangUp()
      await scene.over(call)
    }
  }
]

/** What shops do and ask for. */
export const shopScripts: readonly Script[] = [
  {
    name: 'callback', weight: 5, by: 'shop', run: async (scene) => {
      await scene.start()
      const first = await scene.rings()
      await first.ring()
      await first.answer()
      await type(scene, first, '1')
      const second = await scene.rings(promptMs)
      await scene.pause(0, 300)
      if (scene.random.chance(0.2)) second.reject(486)
      else {
        await second.answer()
        await scene.talk(first, second)
        await scene.partWays(first, second)
      }
      await first.ended(promptMs)
    }
  },
  {
    name: 'callback to nobody', weight: 3, by: 'shop', run: async (scene) => {
      await scene.start()
      const first = await scene.rings()
      await scene.pause(0, 200)
      if (scene.random.chance(0.5)) first.reject(486)
      else {
        await first.answer()
        await scene.pause(0, 800)
        await first.hangUp()
      }
      await scene.over(first)
    }
  },
  {
    name: 'acceptance', weight: 4, on: 'asks', run: async (scene) => {
      const call = scene.dial()
      const taken = await scene.rings()
      await taken.answer()
      await scene.pause(0, 500)
      if (scene.random.chance(0.3)) {
        await (scene.random.chance(0.5) ? taken : call).hangUp()
        await scene.over(taken, call)
        return
      }
      await type(scene, taken, '1')
      await call.answered(promptMs)
      await scene.talk(call, taken)
      await scene.partWays(call, taken)
    }
  }
]
