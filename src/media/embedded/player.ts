import type { Playback } from '../types.js'
import { silence, type G711 } from '../rtp/g711.js'
import { frameMs, type PacingClock } from './clock.js'
import type { Sound } from './sounds.js'

/** Bytes of G.711 in one frame. */
const frameBytes = 8 * frameMs

/** Takes one frame; `offset` counts samples since the playback began. `law` says which one it wants, undefined for none now. */
export interface Listener {
  readonly law: G711 | undefined
  /** A playback starts. */
  begin(): void
  hear(frame: Buffer, law: G711, offset: number): void
}

/** Plays to one listener, one thing at a time. */
export class Player {
  private current: Playback | undefined

  constructor(private readonly clock: PacingClock, private readonly listener: Listener) {}

  get playing(): boolean {
    return this.current !== undefined
  }

  /** Starts; what was playing before stops. */
  play(sound: Sound, loop: boolean): Playback {
    this.stop()
    if (this.listener.law === undefined) return finished
    this.listener.begin()
    let offset = 0
    let end: () => void = () => undefined
    const done = new Promise<void>((resolve) => { end = resolve })
    const leave = this.clock.start(() => {
      const law = this.listener.law
      if (law !== undefined) this.listener.hear(frameAt(sound[law], offset, loop, law), law, offset)
      offset += frameBytes
      if (!loop && offset >= sound.PCMA.length) playback.stop()
    })
    const playback: Playback = {
      done,
      stop: () => {
        leave()
        if (this.current === playback) this.current = undefined
        end()
      }
    }
    this.current = playback
    return playback
  }

  stop(): void {
    this.current?.stop()
  }
}

/** A playback that was over before it began. */
export const finished: Playback = { done: Promise.resolve(), stop: () => undefined }

/** 20 ms of a sound; a short last piece is filled with silence, a looped one runs on from its start. */
function frameAt(bytes: Buffer, offset: number, loop: boolean, law: G711): Buffer {
  const start = loop ? offset % bytes.length : offset
  const piece = bytes.subarray(start, start + frameBytes)
  if (piece.length === frameBytes) return piece
  const rest = loop ? bytes.subarray(0, frameBytes - piece.length) : Buffer.alloc(frameBytes - piece.length, silence[law])
  return Buffer.concat([piece, rest])
}
