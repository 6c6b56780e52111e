import { existsSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './root.js'

const TMPFS = 0x0102_1994

/** A folder whose files are memory of the kernel (tmpfs), or whose files are not; `undefined` where there is none. /tmp is one or the other. */
export function folderByMemory(isMemory: boolean): string | undefined {
  return [tmpdir(), '/dev/shm', '/var/tmp', join(root, 'build')]
    .filter((folder) => existsSync(folder))
    .find((folder) => (statfsSync(folder).type === TMPFS) === isMemory)
}
