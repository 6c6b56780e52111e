import { existsSync } from 'node:fs'

/** Whether /proc is there at all. A container can be without it. */
export function hasProc(): boolean {
  return existsSync('/proc/self')
}
