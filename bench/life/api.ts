import { setTimeout as sleep } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface Ask {
  readonly body?: unknown
  /** The key of another shop. */
  readonly key?: string
  /** The same request may be sent again. */
  readonly idempotencyKey?: string
}

/** How often and how long a request is tried again that was not served, and milliseconds for one try. */
const [tries, pauseMs, deadlineMs] = [30, 500, 10_000]

/** The HTTP API of whichever process serves. */
export class Api {
  /** Requests that had to be tried again: when (Unix ms) and for what answer. */
  readonly repeated: { readonly at: number, readonly why: string }[] = []

  /** @param bases addresses of the processes that may be asked, such as `http://127.0.0.1:3000` */
  constructor(private readonly bases: () => readonly string[], private readonly key: string) {}

  /** Asks until there is an answer other than 503; what is no GET needs an idempotency key for that. */
  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const bases = this.bases()
      const answer = await this.#once(bases[attempt % Math.max(1, bases.length)], method, path, ask)
      // 409: the same request is still being served, or its process died over it.
      const again = answer === undefined || answer.status === 503 || answer.body.code === 'idempotency_in_progress'
      if (answer !== undefined && (!again || answer.body.code === 'pool_exhausted')) return answer
      if (attempt === tries) return answer ?? { status: 0, body: {} }
      this.repeated.push({ at: Date.now(), why: answer === undefined ? 'no answer' : typeof answer.body.code === 'string' ? answer.body.code : `status ${answer.status}` })
      await sleep(pauseMs)
    }
  }

  async #once(base: string | undefined, method: string, path: string, { body, key = this.key, idempotencyKey }: Ask): Promise<Answer | undefined> {
    if (base === undefined) return undefined
    try {
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`, connection: 'close',
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' })
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(deadlineMs)
      })
      const text = await answer.text()
      return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) as Answer['body'] : {} }
    } catch {
      return undefined
    }
  }
}
