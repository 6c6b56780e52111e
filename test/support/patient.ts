import { timeFactor } from './time-factor.js'

/** Milliseconds for what must come, longer on a slow machine. For limits that only a failure reaches, and never for a time that a test measures. */
export function patient(milliseconds: number): number {
  return milliseconds * timeFactor
}
