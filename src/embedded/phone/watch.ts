/** Waiting failed: what was waited for did not come in time. */
export class PhoneError extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'PhoneError'
  }
}

/** Lets callers wait until something holds, looked at anew whenever something happened. */
export class Watch {
  readonly #looks = new Set<() => void>()

  /** Something happened. */
  changed(): void {
    for (const look of [...this.#looks]) look()
  }

  /**
   * @param get what is waited for; undefined while it is not there
   * @param ms how long at most
   * @param what completes the sentence "waited … ms for", without anybody's number
   * @throws PhoneError when the time is over
   */
  until<T>(get: () => T | undefined, ms: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer)
        this.#looks.delete(look)
      }
      const look = (): void => {
        const value = get()
        if (value === undefined) return
        finish()
        resolve(value)
      }
      const timer = setTimeout(() => {
        finish()
        reject(new PhoneError(`waited ${ms} ms for ${what}`))
      }, ms)
      this.#looks.add(look)
      look()
    })
  }
}
