import { isMainThread } from 'node:worker_threads'
import type { AddonFunctions } from '../addon/addon-functions.js'

let watching = false

/**
 * Keeps the fault guard in front of `process.on('SIGSEGV')` and `process.on('SIGBUS')`: libuv's handler for them would return to the
 * faulting access forever. Node's own listeners for these two events run before ours, so the handler is there by then.
 *
 * A Worker does not learn which events the main thread listens to, and can do nothing while it faults forever. While only Workers have
 * loaded the package, a thread of the addon checks once a second which handler is in front. If that thread can't be started, the rest
 * still works.
 */
export function keepGuardInFront(addon: AddonFunctions): void {
  if (watching) return
  watching = true
  addon.keepGuard()
  if (!isMainThread) return
  const reinstall = (event: string | symbol) => {
    if (event === 'SIGSEGV' || event === 'SIGBUS') addon.installGuard()
  }
  process.on('newListener', reinstall)
  process.on('removeListener', reinstall)
}
