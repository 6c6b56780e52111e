// Twice the frames with which test/mapping/full-stack passes on Node 20 and 26. A frame costs 4 ns.
const FRAMES = 32

/**
 * Throws the engine's `RangeError` now where the stack has no room for what follows. Called before the first step that can't be undone, so that
 * a full stack changes nothing: between the system call and the handle's own record of it the stack would overflow otherwise.
 *
 * Before Node makes a port or a Worker it takes 1000: half a port ends the process later with an error that nothing can catch.
 */
export function ensureStack(frames: number = FRAMES): void {
  if (frames > 0) ensureStack(frames - 1)
}
