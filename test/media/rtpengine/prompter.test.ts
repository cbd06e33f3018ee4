import t from 'tap'
import { MaskError } from '../../../src/errors.js'
import type { Dictionary } from '../../../src/media/rtpengine/bencode.js'
import { Prompter } from '../../../src/media/rtpengine/prompter.js'
import { captured } from '../../support/log.js'
import { waitFor } from '../phone.js'

/** A prompter whose commands the test sees and may refuse. */
function stage(refuses: (command: string) => boolean = () => false) {
  const asked: string[] = []
  const { log, text } = captured()
  const prompter = new Prompter(async (command: string, fields: Dictionary) => {
    asked.push(`${command} ${fields['from-tag'] as string}`)
    await new Promise((resolve) => { setImmediate(resolve) })
    if (refuses(command)) throw new MaskError('media_unavailable', { reason: 'refused' })
  }, log)
  return { prompter, asked, text }
}

const short = new Int16Array(80)
const lasting = new Int16Array(40_000)

t.test('who hears a prompt hears nothing else meanwhile', async (t) => {
  const { prompter, asked } = stage()
  await prompter.play('a', short, false).done
  t.ok(await waitFor(() => asked.length === 3))
  t.same(asked, ['block media b', 'play media a', 'unblock media b'])
})

t.test('a new prompt ends the one before', async (t) => {
  const { prompter, asked } = stage()
  const first = prompter.play('b', lasting, true)
  t.ok(await waitFor(() => asked.length === 2))
  const second = prompter.play('b', short, false)
  await Promise.all([first.done, second.done])
  t.ok(await waitFor(() => asked.length === 7))
  t.same(asked, ['block media a', 'play media b', 'stop media b', 'unblock media a', 'block media a', 'play media b', 'unblock media a'])
})

t.test('a prompt that is stopped before it begins is not played', async (t) => {
  const { prompter, asked } = stage()
  prompter.play('a', lasting, true).stop()
  await prompter.play('a', short, false).done
  t.ok(await waitFor(() => asked.length === 3))
})

t.test('a prompt that cannot be played is over, and the talk goes on', async (t) => {
  for (const command of ['block media', 'play media']) {
    const { prompter, asked, text } = stage((one) => one === command)
    await prompter.play('a', short, false).done
    t.ok(await waitFor(() => asked.at(-1) === 'unblock media b'), command)
    t.match(text(), /refused.*media.prompt_failed/)
  }
})

t.test('a recording that does not fit into a datagram', async (t) => {
  const { prompter, asked, text } = stage()
  await prompter.play('a', new Int16Array(80_000), false).done
  t.same(asked, [])
  t.match(text(), /too_long.*media.prompt_failed/)
})

t.test('the end of the call ends its prompts', async (t) => {
  const { prompter, asked, text } = stage((command) => command === 'stop media')
  const playback = prompter.play('a', lasting, true)
  t.ok(await waitFor(() => asked.length === 2))
  prompter.close()
  await playback.done
  await prompter.play('b', short, false).done
  t.ok(await waitFor(() => asked.length === 4))
  t.equal(text(), '', 'which nobody need know')
})
