/**
 * Aborts a controller when a signal does, with the same reason, until what is returned is called. For what every call has
 * several of: `AbortSignal.any` says the same, but costs several times as much and leaves its end to the garbage collector.
 * Whoever follows a signal that lives longer than the controller calls what is returned.
 */
export function follow(controller: AbortController, signal: AbortSignal): () => void {
  const pass = (): void => controller.abort(signal.reason)
  if (signal.aborted) pass()
  else signal.addEventListener('abort', pass, { once: true })
  return () => signal.removeEventListener('abort', pass)
}
