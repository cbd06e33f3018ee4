import type { App } from './app.js'

/** Which applications take which SIP method, in turn. */
export class Routes {
  readonly #byVerb = new Map<string, App[]>()

  add(app: App, verb: string): void {
    const apps = this.#byVerb.get(verb) ?? []
    // drachtio-srf asks again for all routes when one is added; a second entry would skew the turns.
    if (!apps.includes(app)) apps.push(app)
    this.#byVerb.set(verb, apps)
  }

  remove(app: App, verb: string): void {
    const apps = (this.#byVerb.get(verb) ?? []).filter((one) => one !== app)
    if (apps.length > 0) this.#byVerb.set(verb, apps)
    else this.#byVerb.delete(verb)
  }

  drop(app: App): void {
    for (const verb of [...this.#byVerb.keys()]) this.remove(app, verb)
  }

  /** The next one in turn for a method. */
  next(method: string): App | undefined {
    const apps = this.#byVerb.get(method.toLowerCase())
    const app = apps?.shift()
    if (app !== undefined) apps!.push(app)
    return app
  }
}
