import t from 'tap'
import { decodeG711, encodeG711, silence, transcodeG711, type G711 } from '../../../src/media/rtp/g711.js'

const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const laws: G711[] = ['PCMA', 'PCMU']

t.test('decoding follows the tables of ITU-T G.711', (t) => {
  t.same([...decodeG711('PCMA', Uint8Array.of(0x00, 0x01, 0x2a, 0xaa, 0x80, 0xd5, 0x55, 0x7f, 0x9c))], [-5504, -5248, -32256, 32256, 5504, 8, -8, -848, 3264])
  t.same([...decodeG711('PCMU', Uint8Array.of(0x00, 0x01, 0x2a, 0x80, 0xd5, 0x7f, 0xff, 0x9c))], [-32124, -31100, -5372, 32124, 716, 0, 0, 9852])
  t.end()
})

t.test('encoding gives each code back, and no sample a code that is further off than needed', (t) => {
  for (const law of laws) {
    const decoded = decodeG711(law, all)
    t.same([...decodeG711(law, encodeG711(law, decoded))], [...decoded])
    const samples = Int16Array.from({ length: 6554 }, (_, i) => i * 10 - 32768)
    const heard = decodeG711(law, encodeG711(law, samples))
    const best = (sample: number): number => Math.min(...[...decoded].map((value) => Math.abs(value - sample)))
    t.ok(samples.every((sample, i) => Math.abs(sample - heard[i]!) === best(sample)), `${law} takes the nearest`)
  }
  t.end()
})

t.test('transcoding equals decoding and encoding anew', (t) => {
  t.same(transcodeG711('PCMU', all), encodeG711('PCMU', decodeG711('PCMA', all)))
  t.same(transcodeG711('PCMA', all), encodeG711('PCMA', decodeG711('PCMU', all)))
  t.end()
})

t.test('silence is silent', (t) => {
  for (const law of laws) t.ok(Math.abs(decodeG711(law, Uint8Array.of(silence[law]))[0]!) <= 8)
  t.end()
})
