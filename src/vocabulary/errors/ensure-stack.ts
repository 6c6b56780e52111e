/** Frames of 256 bytes: 10 KiB. The engine compiles again at any call what it has not used for long, and that takes several. */
const FRAMES = 40

/**
 * Throws the engine's `RangeError` now where the stack has no room for what follows. Called before the first step that can't be undone, so that
 * a full stack changes nothing: between the system call and the handle's own record of it the stack would overflow otherwise.
 *
 * Before Node makes a port or a Worker it takes 400: half a port ends the process later with an error that nothing can catch.
 */
export function ensureStack(frames: number = FRAMES): void {
  takeRoom(frames, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

// Arguments are on the stack also when the engine has optimized the function: a frame without any has 64 bytes then.
// biome-ignore format: one line
function takeRoom(frames: number, a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0, h: 0, i: 0, j: 0, k: 0, l: 0, m: 0, n: 0, o: 0, p: 0, q: 0, r: 0, s: 0, t: 0, u: 0, v: 0, w: 0, x: 0): void {
  if (frames > 0) takeRoom(frames - 1, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
}
