import { existsSync } from 'node:fs'
import { hasProc } from './has-proc.js'

/** Whether a thread of this process has not ended, by what the kernel knows. Without /proc each is taken to live. */
export function threadLives(threadId: number): boolean {
  return existsSync(`/proc/self/task/${threadId}`) || !hasProc()
}
