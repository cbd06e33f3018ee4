import { asApiError } from '../resource.js'
import { refresh } from '../refresh.js'

/** How far the sending of a form has come. @typedef {{ busy: boolean, error: import('../api.js').ApiError | undefined }} Form */

/** @returns {Form} */
export const newForm = () => ({ busy: false, error: undefined })

/**
 * Does what a form asks for, once at a time, and keeps what went wrong in the form.
 * @template T
 * @param {Form} form @param {() => Promise<T>} act
 * @param {(done: T) => void} then what follows a success
 */
export async function attempt(form, act, then) {
  if (form.busy) return
  form.busy = true
  form.error = undefined
  refresh()
  try {
    then(await act())
  } catch (cause) {
    form.error = asApiError(cause)
  }
  form.busy = false
  refresh()
}
