import t from 'tap'
import { MaskError } from '../../src/errors.js'
import { startProofCall } from '../../src/call/proof-call.js'
import type { E164 } from '../../src/phone/types.js'
import { CallFailed } from '../../src/sip/types.js'
import { CallStage } from '../support/call-doubles.js'

const order = { shopId: 'demo', number: '+442079460000' as E164, phone: '+46701740605' as E164, code: '407119' }

/** A phone whose owner presses a key as soon as they are asked. */
function stageWith(key: string): CallStage {
  const stage = new CallStage()
  stage.speaks = true
  stage.callee = async () => {
    setImmediate(() => stage.press(key))
    return { leg: stage.b, answer: 'answer' }
  }
  return stage
}

const played = ({ did }: CallStage): string[] => did.filter((step) => step.startsWith('play')).map((step) => step.split(' ')[1]!)

t.test('whoever presses 1 hears the code, twice, and everything is given back', async (t) => {
  const stage = stageWith('1')
  t.same(await (await startProofCall(stage.deps(), order)).done, { told: true })
  const code = ['four', 'zero', 'seven', 'one', 'one', 'nine'].map((digit) => `digit-${digit}`)
  t.same(played(stage), ['proof-ask', 'proof-code', ...code, 'proof-again', ...code, 'goodbye'])
  t.match(stage.dialled, { to: order.phone, from: order.number })
  t.equal(stage.voices.every(({ language, shop }) => language === 'et' && shop === 'demo'), true, 'in the shop\'s language')
  t.equal(stage.did.at(-1), 'release')
  t.equal(stage.b.hungUp, 1)
  t.same([stage.records, stage.events], [[], []], 'no record, no event: it is no call of a delivery')
})

t.test('whoever presses something else hears none of it', async (t) => {
  const stage = stageWith('2')
  stage.callee = async () => {
    setImmediate(() => { stage.press('2'); stage.press('0') })
    return { leg: stage.b, answer: 'answer' }
  }
  t.same(await (await startProofCall(stage.deps(), order)).done, { told: false, reason: 'not_accepted' })
  t.same(played(stage), ['proof-ask', 'proof-ask'])
  t.equal(stage.b.hungUp, 1)
})

t.test('who hangs up after the code was said once has heard it; who does so before has not', async (t) => {
  for (const [prompt, outcome] of [['proof-again', { told: true }], ['proof-code', { told: false, reason: 'declined' }]] as const) {
    const stage = stageWith('1')
    const deps = stage.deps()
    const open = deps.media.open.bind(deps.media)
    const media: typeof deps.media = {
      ...deps.media,
      open: async (...args) => {
        const session = await open(...args)
        return { ...session, play: (side, name, options) => {
          const playback = session.play(side, name, options)
          if (name !== prompt) return playback
          stage.b.end()
          return { ...playback, done: new Promise(() => undefined) }
        } }
      }
    }
    t.same(await (await startProofCall({ ...deps, media }, order)).done, outcome)
  }
})

t.test('what goes wrong says why, and leaves nothing behind', async (t) => {
  for (const [spoil, reason] of [
    [(stage: CallStage) => { stage.callee = async () => { throw new CallFailed(486) } }, 'busy'],
    [(stage: CallStage) => { stage.fail.set('media.open', new MaskError('media_unavailable')) }, 'media_unavailable'],
    [(stage: CallStage) => { stage.fail.set('acceptFromA', new MaskError('media_rejected')) }, 'media_incompatible'],
    [(stage: CallStage) => { stage.speaks = false }, 'media_unavailable'],
    [(stage: CallStage) => { stage.fail.set('dial', new TypeError('a bug')) }, 'internal']
  ] as const) {
    const stage = stageWith('1')
    spoil(stage)
    t.same(await (await startProofCall(stage.deps(), order)).done, { told: false, reason })
    if (reason !== 'media_unavailable' || !stage.speaks) t.ok(stage.did.includes('media.close'), reason)
  }
})

t.test('a number that may not be dialled is not; a stop ends what rings', async (t) => {
  const stage = stageWith('1')
  await t.rejects(startProofCall({ ...stage.deps(), mayDial: () => false }, order), { code: 'phone_not_allowed' })
  stage.callee = () => new Promise(() => undefined)
  const call = await startProofCall(stage.deps(), order)
  await new Promise((resolve) => setImmediate(resolve))
  call.stop()
  t.same(await call.done, { told: false, reason: 'shutting_down' })
})
