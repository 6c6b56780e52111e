import { closeSync, openSync } from 'node:fs'
import { addon } from '../linux/addon.js'
import { check } from '../linux/check.js'
import { MAP } from '../vocabulary/map.js'
import type { PagerKernel } from './pager-kernel.js'

export interface FilePage {
  readonly descriptor: number
  /** In the file, in bytes. */
  readonly offset: number
}

/**
 * Maps one page of a memory file over what is at the address. It is an area of its own from then on; the flags that are held of it stay.
 * Who waits for the page that was there is not woken.
 */
export function mapFilePage(
  kernel: PagerKernel,
  address: number,
  { descriptor, offset }: FilePage,
  protection: number,
  shared: boolean,
): void {
  const flags = (shared ? MAP.SHARED : MAP.PRIVATE) | MAP.NORESERVE
  // What private copies are made of must be a file that can't be written through their map.
  const file = shared ? descriptor : openSync(`/proc/self/fd/${descriptor}`, 'r')
  try {
    check(addon().mapOver(address, kernel.pageSize, protection, flags, file, offset), 'mmap', {
      address: BigInt(address),
    })
  } finally {
    if (!shared) closeSync(file)
  }
}
