import type { Dialog, OutgoingInvite } from '../dialog/index.js'
import type { App } from './app.js'
import { dialogIdOf } from './leader.js'

/** What the application knows under one dialog id: an INVITE and the dialogs that came of it. */
export interface Call {
  readonly id: string
  readonly app: App
  /** Our INVITE, for PRACK and CANCEL. */
  outgoing: OutgoingInvite | undefined
  /** The INVITE has no final response yet. */
  inviting: boolean
  /** More than one only while a forked INVITE has early dialogs. */
  readonly dialogs: Set<Dialog>
}

/** All calls, by dialog id. An entry lives while its INVITE is open or a dialog of it exists. */
export class Calls {
  readonly #byId = new Map<string, Call>()
  readonly #owners = new WeakMap<Dialog, Call>()

  get size(): number {
    return this.#byId.size
  }

  open(id: string, app: App): Call {
    const call: Call = { id, app, outgoing: undefined, inviting: true, dialogs: new Set() }
    this.#byId.set(id, call)
    return call
  }

  /** The INVITE has its final response. */
  decided(call: Call): void {
    call.inviting = false
    this.#release(call)
  }

  get(id: string): Call | undefined {
    return this.#byId.get(id)
  }

  of(app: App): Call[] {
    return [...this.#byId.values()].filter((call) => call.app === app)
  }

  add(dialog: Dialog): void {
    const call = this.#byId.get(dialogIdOf(dialog))
    if (call === undefined) return
    call.dialogs.add(dialog)
    this.#owners.set(dialog, call)
  }

  remove(dialog: Dialog): void {
    const call = this.#owners.get(dialog)
    if (call?.dialogs.delete(dialog) === true) this.#release(call)
  }

  /** The call of a dialog, also after the dialog's end. */
  owner(dialog: Dialog): Call | undefined {
    return this.#owners.get(dialog)
  }

  /** The dialog that a dialog id means: the confirmed one, else the latest early one. */
  dialog(id: string): Dialog | undefined {
    let latest: Dialog | undefined
    for (const dialog of this.#byId.get(id)?.dialogs ?? []) {
      latest = dialog
      if (dialog.state === 'confirmed') break
    }
    return latest
  }

  #release(call: Call): void {
    // A new INVITE with the same Call-ID and tag, as after a challenge, may have taken the name meanwhile.
    if (!call.inviting && call.dialogs.size === 0 && this.#byId.get(call.id) === call) this.#byId.delete(call.id)
  }
}
