import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import { MADV } from '../../../vocabulary/madv.js'
import type { Staging } from './staging.js'

/** Staging memory that no userfaultfd watches: pages are copied to it. */
export class PlainStaging implements Staging {
  readonly #pageSize: number

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  put(address: number, bytes: Uint8Array): number {
    const code = addon().writeMemory(address, bytes)
    return code === 0 ? bytes.length : code
  }

  drop(address: number, count: number): number {
    check(addon().adviseBare(address, count * this.#pageSize, MADV.DONTNEED), 'madvise')
    return count
  }

  close(): void {}
}
