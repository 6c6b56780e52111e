import { timeFactor } from './time-factor.js'

/** How often a test does what only chance finds: less on a slow machine. */
export function repeats(count: number): number {
  return Math.ceil(count / timeFactor)
}
