import { ApiError } from './api.js'
import { refresh } from './refresh.js'

/**
 * Something that comes from the server. While it is loaded again the last value stays, so that nothing jumps.
 * @template T
 * @typedef {object} Resource
 * @property {boolean} loading
 * @property {T | undefined} value
 * @property {ApiError | undefined} error of the last attempt
 * @property {() => Promise<void>} load never rejects
 */

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Resource<T>}
 */
export function resource(ask) {
  let last = 0
  /** @type {Resource<T>} */
  const self = {
    loading: false,
    value: undefined,
    error: undefined,
    async load() {
      const mine = ++last
      self.loading = true
      refresh()
      const [value, error] = await ask().then((got) => /** @type {const} */ ([got, undefined]), (/** @type {unknown} */ cause) => /** @type {const} */ ([undefined, asApiError(cause)]))
      // A later attempt overtook this one.
      if (mine !== last) return
      self.loading = false
      self.error = error
      if (error === undefined) self.value = value
      refresh()
    }
  }
  return self
}

/** A resource that is being loaded already. @template T @param {() => Promise<T>} ask @returns {Resource<T>} */
export function loaded(ask) {
  const self = resource(ask)
  void self.load()
  return self
}

/** @param {unknown} error @returns {ApiError} */
export function asApiError(error) {
  return error instanceof ApiError ? error : new ApiError({ status: 0, code: 'internal' })
}
