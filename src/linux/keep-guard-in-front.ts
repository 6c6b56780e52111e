import { isMainThread } from 'node:worker_threads'
import type { AddonFunctions } from './addon-functions.js'

let watching = false

/**
 * Keeps the fault guard in front of `process.on('SIGSEGV')` and `process.on('SIGBUS')`: libuv's handler for them would return to
 * the faulting access for ever. Node's own listeners for these two events run before ours, so the handler is there by then.
 */
export function keepGuardInFront(addon: AddonFunctions): void {
  if (watching || !isMainThread) return
  watching = true
  const reinstall = (event: string | symbol) => {
    if (event === 'SIGSEGV' || event === 'SIGBUS') addon.installGuard()
  }
  process.on('newListener', reinstall)
  process.on('removeListener', reinstall)
}
