import { rm, type FileHandle } from 'node:fs/promises'
import type { DataKey } from '../../store/keyring/types.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { framed } from './file.js'
import type { RecordingWriter } from './types.js'

/** One second of µ-law: what is in memory in clear at most. */
const pieceBytes = 8000
/** Pieces that may wait for a slow disk. */
const maxWaiting = 30

/** What a piece is bound to: its call, its place, and whether it is the last. */
export function contextOf(callId: string, index: number, last: boolean): string {
  return `${callId}:${index}${last ? ':end' : ''}`
}

export interface WriterOptions {
  readonly file: FileHandle
  readonly path: string
  readonly key: DataKey
  readonly callId: string
  readonly log: Log
}

/** Seals sound second by second and appends it. A disk that fails ends the recording, never the call. */
export class SealedWriter implements RecordingWriter {
  private held: Buffer[] = []
  private heldBytes = 0
  private index = 0
  private waiting = 0
  private failed = false
  private tail: Promise<void> = Promise.resolve()
  private finished: Promise<void> | undefined

  constructor(private readonly options: WriterOptions) {}

  write(sound: Buffer): void {
    if (this.failed || this.finished !== undefined) return
    this.held.push(sound)
    this.heldBytes += sound.length
    if (this.heldBytes >= pieceBytes) this.flush(false)
  }

  finish(): Promise<void> {
    return this.finished ??= this.end()
  }

  private async end(): Promise<void> {
    const { file, path } = this.options
    if (this.index > 0 || this.heldBytes > 0) this.flush(true)
    await this.tail
    const empty = this.index === 0
    await file.close().catch((error: unknown) => this.fail(error))
    if (empty) await rm(path, { force: true }).catch((error: unknown) => this.fail(error))
  }

  private flush(last: boolean): void {
    const { file, key, callId } = this.options
    const piece = key.seal(Buffer.concat(this.held), contextOf(callId, this.index++, last))
    this.held = []
    this.heldBytes = 0
    this.waiting++
    if (this.waiting > maxWaiting) this.fail(new Error('The disk is too slow.'))
    this.tail = this.tail.then(async () => {
      this.waiting--
      if (!this.failed) await file.appendFile(framed(piece))
    }).catch((error: unknown) => this.fail(error))
  }

  private fail(error: unknown): void {
    if (!this.failed) this.options.log.error('recording.failed', { callId: this.options.callId, ...errorFields(error) })
    this.failed = true
    this.held = []
    this.heldBytes = 0
  }
}
