export interface Watched {
  /** RTP packets that came so far, undefined when the server has forgotten the call. @throws MaskError when it does not answer */
  packets(): Promise<number | undefined>
  /** Whether neither side owes a packet. */
  onHold(): boolean
  /** Milliseconds without a packet after which the call counts as silent. */
  readonly timeoutMs: number
}

/** Milliseconds between two looks at most. */
const maxStepMs = 15_000

/** Notices that no packet comes any more in a call whose media lie in another server, or that the server is gone. */
export class Watcher {
  readonly silent: Promise<void>
  /** Says that the call is silent, whatever the packets say. */
  report: () => void = () => undefined
  private timer: NodeJS.Timeout | undefined
  private packets = 0
  private heardAt = 0

  constructor(private readonly watched: Watched) {
    this.silent = new Promise((resolve) => { this.report = resolve })
  }

  start(): void {
    this.heardAt = performance.now()
    this.timer ??= setInterval(() => void this.look(), Math.min(maxStepMs, this.watched.timeoutMs / 4))
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    // A server that does not answer may still relay; it gets as long as a silent phone.
    const packets = await this.watched.packets().catch(() => this.packets)
    if (packets !== this.packets || this.watched.onHold()) this.heardAt = performance.now()
    if (packets === undefined || performance.now() - this.heardAt >= this.watched.timeoutMs) this.report()
    else this.packets = packets
  }
}

