import { addon } from './addon.js'
import { check } from './check.js'

const listeners = new Map<number, () => void>()
let listening = false

/**
 * Calls `listener` on this thread once the descriptor is readable. Returns a function that ends the watch; afterwards `listener` is not
 * called. The watch keeps the event loop alive.
 */
export function watchReadable(descriptor: number, listener: () => void): () => void {
  if (!listening) {
    check(
      addon().listenToWatches((key) => {
        const found = listeners.get(key)
        listeners.delete(key)
        found?.()
      }),
      'epoll_create1',
    )
    listening = true
  }
  const key = check(addon().watch(descriptor), 'epoll_ctl')
  listeners.set(key, listener)
  return () => {
    if (listeners.delete(key)) addon().unwatch(key)
  }
}
