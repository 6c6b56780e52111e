import { watchReadable } from './watch-readable.js'

/** Resolves once the descriptor is readable or the signal aborts. */
export function readable(descriptor: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const finish = () => {
      unwatch()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const unwatch = watchReadable(descriptor, finish)
    signal?.addEventListener('abort', finish)
  })
}
