import type { PagerKernel } from '../thread/pager-kernel.js'
import { PageBuffers } from './page-buffers.js'
import { RunBuffers } from './run-buffers.js'

/**
 * Buffers for answers, before they become pages of the device.
 *
 * A driver could write into the very pages, through a second map of the device's file, and `UFFDIO_CONTINUE` would show them. Making a
 * page by touching it costs more than a copy of it: for runs of 64 KiB, 200 ms per 256 MiB on a virtual EPYC, where writing the same on a
 * draft that stays in the cache and `UFFDIO_COPY` take 101, and a draft and `pwrite` 128. And no incomplete page is ever visible.
 */
export class FillBuffers {
  readonly #pageSize: number
  readonly #pages: PageBuffers
  readonly #runs: RunBuffers

  constructor(kernel: PagerKernel) {
    this.#pageSize = kernel.pageSize
    this.#pages = new PageBuffers(kernel.pageSize)
    this.#runs = new RunBuffers(kernel)
  }

  /** A buffer of `length` zeros, whole pages. Throws `ENOMEM`. */
  take(length: number): Uint8Array {
    return length === this.#pageSize ? this.#pages.take() : this.#runs.take(length)
  }

  /** Takes a buffer back after the driver has returned or its promise has settled. */
  giveBack(draft: Uint8Array, how: 'returned' | 'resolved' | 'failed'): void {
    if (draft.length === this.#pageSize) {
      if (how === 'returned') this.#pages.giveBack(draft)
    } else if (how === 'failed') this.#runs.drop(draft)
    else this.#runs.giveBack(draft)
  }
}
