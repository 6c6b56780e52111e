import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadSource } from '../../kernel/guest-host.js'

/** Milliseconds before each further attempt. */
const PAUSES = [10, 50, 250] as const

/** Reads again what failed, a little later each time and no longer ahead of demand, before the failure is the page's. */
export function retryingRead(read: ReadSource): ReadSource {
  return (offset, target, ahead) => {
    try {
      return read(offset, target, ahead)?.catch(() => again(read, offset, target))
    } catch {
      return again(read, offset, target)
    }
  }
}

async function again(read: ReadSource, offset: number, target: Uint8Array): Promise<void> {
  for (const [attempt, pause] of PAUSES.entries()) {
    await sleep(pause)
    try {
      return await read(offset, target)
    } catch (error) {
      if (attempt === PAUSES.length - 1) throw error
    }
  }
}
