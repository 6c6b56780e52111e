import type { DeviceHost } from '../kernel/device-host.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { Page } from './page.js'

/** The calls of a driver to the kernel that hosts it: the second argument of the function that `defineDevice` takes. */
export class DeviceContext {
  readonly #host: DeviceHost

  /** @internal */
  constructor(host: DeviceHost) {
    this.#host = host
  }

  /** Bytes a page. */
  get pageSize(): number {
    return this.#host.pageSize
  }

  /** Aborted when the device is closed or restarted: pass it to everything that the driver waits for. */
  get signal(): AbortSignal {
    return this.#host.signal
  }

  /** `alloc_page`: a new page of zeros that belongs to the driver. @throws VmError `ENOMEM` */
  page(): Page {
    return Page.fromRaw(this.#host.allocatePage())
  }

  /**
   * Unmaps the device's own pages that `[offset, offset + length)` touches everywhere and drops their content: the next touch calls `fault`
   * again. Private copies of a program and pages that the driver owns stay. `unmap_mapping_range`.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE` where offset or length is no whole number of bytes from 0 on
   */
  invalidate(offset: number, length: number): void {
    const sound = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0
    if (!sound || !Number.isSafeInteger(offset + length)) {
      throw new UsageError(
        'ERR_VMAREA_OUT_OF_RANGE',
        `offset and length must be whole numbers of bytes from 0 on, and are ${showValue(offset)} and ${showValue(length)}`,
      )
    }
    if (length > 0) this.#host.invalidate(offset, length)
  }
}
