import { closeSync } from 'node:fs'
import { check } from '../../../linux/addon/check.js'
import { reopenToRead } from '../../../linux/proc/reopen-to-read.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { MAP } from '../../../vocabulary/map.js'
import type { FaultSource } from '../../source/fault-source.js'

export interface FilePage {
  readonly descriptor: number
  /** In the file, in bytes. */
  readonly offset: number
}

const { ENOENT } = ERRNO_RESULT

/**
 * Maps one page of a memory file at the address, as an area of its own. The held flags of the address stay. Wakes no waiter of the page
 * that was there. Does nothing where the program has unmapped it meanwhile.
 */
export function mapFilePage(
  source: FaultSource,
  address: number,
  pageSize: number,
  { descriptor, offset }: FilePage,
  protection: number,
  shared: boolean,
): void {
  const flags = (shared ? MAP.SHARED : MAP.PRIVATE) | MAP.NORESERVE
  // A private map must use a descriptor through which the file can't be written.
  const file = shared ? descriptor : reopenToRead(descriptor)
  try {
    const code = source.pages.mapOver(address, pageSize, protection, flags, file, offset)
    if (code !== ENOENT) check(code, 'mmap', { address: BigInt(address) })
  } finally {
    if (!shared) closeSync(file)
  }
}
