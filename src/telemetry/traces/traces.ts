import type { Traces, TracesOptions } from './types.js'

/** Starts to trace where the configuration names a collector; elsewhere nobody listens, and no library is loaded. */
export async function openTraces({ config: { endpoint, ...config }, ...rest }: TracesOptions): Promise<Traces> {
  if (endpoint === null) return { close: async () => undefined }
  const { startTraces } = await import('./tracer.js')
  return startTraces({ config: { ...config, endpoint }, ...rest })
}
