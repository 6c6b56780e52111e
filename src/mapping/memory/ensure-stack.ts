// More frames, and larger ones, than any change of a mapping takes.
const FRAMES = 256

/**
 * Throws the engine's `RangeError` now where the stack has no room for what follows. Called before the first step that can't be undone, so that
 * a full stack changes nothing: between the system call and the handle's own record of it the stack would overflow otherwise.
 */
export function ensureStack(frames: number = FRAMES): void {
  if (frames > 0) ensureStack(frames - 1)
}
