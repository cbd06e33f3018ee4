import t from 'tap'
import { codecKey, type Codec } from '../../src/media/codecs.js'
import { agreedCodecs, codecsForB, codecsForVoice, codecsToMatch, earlyCodecs } from '../../src/media/negotiate.js'

const pcma: Codec = { name: 'PCMA', clockRate: 8000, payloadType: 8 }
const pcmu: Codec = { name: 'PCMU', clockRate: 8000, payloadType: 0 }
const opus: Codec = { name: 'opus', clockRate: 48000, payloadType: 96, parameters: { useinbandfec: 1 } }
const events: Codec = { name: 'telephone-event', clockRate: 8000, payloadType: 97 }
const wideEvents: Codec = { name: 'telephone-event', clockRate: 48000, payloadType: 98 }
const names = (codecs: readonly Codec[] | undefined): string[] | undefined => codecs?.map((codec) => `${codecKey(codec)}:${codec.payloadType}`)

t.test('B is offered what A can do under our numbers, and both laws when A has one', (t) => {
  t.same(names(codecsForB([opus, pcmu, events])), ['opus/48000:111', 'PCMU/8000:0', 'PCMA/8000:8', 'telephone-event/8000:101'])
  t.same(names(codecsForB([opus, wideEvents])), ['opus/48000:111', 'telephone-event/48000:110'], 'opus alone stays alone')
  t.same(codecsForB([opus])[0]!.parameters, { useinbandfec: 1 })
  t.end()
})

t.test('A is answered early only where that takes nothing away', (t) => {
  t.same(names(earlyCodecs([pcmu, pcma, events])), ['PCMU/8000:0', 'PCMA/8000:8', 'telephone-event/8000:97'])
  t.equal(earlyCodecs([pcmu, opus]), undefined)
  t.end()
})

t.test('for a voice of ours only the codecs that we speak are kept', (t) => {
  t.same(names(codecsForVoice([opus, wideEvents, pcma, events])), ['PCMA/8000:8', 'telephone-event/8000:97'])
  t.same(names(codecsForVoice([opus, wideEvents])), ['opus/48000:96', 'telephone-event/48000:98'])
  t.end()
})

t.test('an answer cannot bring what was not offered', (t) => {
  t.same(names(agreedCodecs([pcma, events], [opus, pcma])), ['PCMA/8000:8'])
  t.throws(() => agreedCodecs([pcma, events], [opus, events]), { code: 'media_rejected' })
  t.end()
})

t.test('the second answer follows the first, and turns one law into the other only when it must', (t) => {
  const offer = [pcma, pcmu, opus, events]
  t.same(names(codecsToMatch(offer, [{ ...opus, payloadType: 111 }, { ...pcmu, payloadType: 0 }])), ['opus/48000:96', 'PCMU/8000:0'], 'their order, the offerer\'s numbers')
  t.same(names(codecsToMatch([pcma, events], [pcmu, { ...events, payloadType: 101 }])), ['PCMA/8000:8', 'telephone-event/8000:97'], 'turned')
  t.throws(() => codecsToMatch([pcma], [opus]), { code: 'media_rejected', reason: 'no_codec' })
  t.throws(() => codecsToMatch([opus, events], [pcma, events]), { code: 'media_rejected', reason: 'no_codec' })
  t.end()
})
