import { readFileSync } from 'node:fs'

/**
 * How long a thread of this process has been ready to run while no processor was free for it, in milliseconds since it began. 0 where the
 * kernel does not report it. See `sched_info` in the kernel, which `/proc/PID/task/TID/schedstat` shows.
 */
export function runDelay(threadId: number): number {
  try {
    const [, nanoseconds] = readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8').split(' ')
    return Number(nanoseconds) / 1e6
  } catch {
    return 0
  }
}
