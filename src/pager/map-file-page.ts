import { closeSync, openSync } from 'node:fs'
import { check } from '../linux/check.js'
import { MAP } from '../vocabulary/map.js'
import type { FaultSource } from './fault-source.js'

export interface FilePage {
  readonly descriptor: number
  /** In the file, in bytes. */
  readonly offset: number
}

export interface PagePlace {
  readonly address: number
  readonly pageSize: number
  readonly shared: boolean
  /** `PROT` */
  readonly protection: number
  readonly notifyWrites: boolean
}

const ENOENT = -2

/**
 * Maps one page of a memory file over what is at the address, and returns whether it did: the program may have unmapped that meanwhile. It
 * is an area of its own from then on; the flags that are held of it stay. Who waits for the page that was there is not woken.
 */
export function mapFilePage(source: FaultSource, { descriptor, offset }: FilePage, place: PagePlace): boolean {
  const { address, pageSize, shared, protection, notifyWrites } = place
  const flags = (shared ? MAP.SHARED : MAP.PRIVATE) | MAP.NORESERVE
  // What private copies are made of must be a file that can't be written through their map.
  const file = shared ? descriptor : openSync(`/proc/self/fd/${descriptor}`, 'r')
  try {
    const code = source.mapOver(address, pageSize, { descriptor: file, offset, protection, flags, notifyWrites })
    if (code === ENOENT) return false
    check(code, 'mmap', { address: BigInt(address) })
    return true
  } finally {
    if (!shared) closeSync(file)
  }
}
