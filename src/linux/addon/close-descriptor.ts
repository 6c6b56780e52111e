import { addon } from './addon.js'

/**
 * Closes a descriptor that the addon has opened. `fs.closeSync` closes only what `fs.openSync` has opened: in a Worker it warns of any
 * other, and Deno, which numbers files itself, fails.
 */
export function closeDescriptor(descriptor: number): void {
  addon().closeDescriptor(descriptor)
}
