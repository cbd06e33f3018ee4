import t from 'tap'
import { decodeG711, encodeG711 } from '../../../src/media/rtp/g711.js'
import { energy, hearsTone, ringback, sine, tonePower } from '../../../src/media/rtp/tone.js'

t.test('a tone is heard as itself and as no other', (t) => {
  for (const frequency of [425, 440, 660, 1000]) {
    const heard = decodeG711('PCMA', encodeG711('PCMA', sine(frequency, 200)))
    t.ok(hearsTone(frequency, heard), `${frequency} Hz`)
    for (const other of [300, 550, 800, 1300]) t.notOk(hearsTone(other, heard), `${frequency} is not ${other}`)
  }
  t.notOk(hearsTone(425, new Int16Array(1600)), 'silence')
  t.notOk(hearsTone(425, new Int16Array(0)), 'nothing')
  t.end()
})

t.test('energy and power are shares of full scale', (t) => {
  const samples = sine(440, 1000, 0.5)
  t.ok(Math.abs(energy(samples) - 0.125) < 0.001)
  t.ok(Math.abs(tonePower(440, samples) - 0.125) < 0.001)
  t.equal(energy(new Int16Array(0)), 0)
  t.end()
})

t.test('pieces of a sine join without a step', (t) => {
  const whole = sine(425, 40)
  t.same([...sine(425, 20), ...sine(425, 20, 0.25, 160)], [...whole])
  t.end()
})

t.test('ringing is 425 Hz for one second of five', (t) => {
  const turn = ringback()
  t.equal(turn.length, 40000)
  t.ok(hearsTone(425, turn.subarray(0, 8000)))
  t.equal(energy(turn.subarray(8000)), 0)
  t.end()
})
