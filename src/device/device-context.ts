import type { DeviceHost } from '../kernel/device-host.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { Page } from './page.js'

/** What a driver may ask of whoever hosts it. It is the second argument of the function that `defineDevice` takes. */
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

  /** Aborted when the device is closed: give it to whatever the driver waits for. */
  get signal(): AbortSignal {
    return this.#host.signal
  }

  /** `alloc_page`: a new page of zeros that belongs to the driver. Throws `ENOMEM` where there is none. */
  page(): Page {
    return Page.fromRaw(this.#host.allocatePage())
  }

  /**
   * Takes the device's own pages that `[offset, offset + length)` touches away from all who map them, and forgets what they held: the
   * next touch asks `fault` again. What a program wrote into private copies stays its own, and so do pages of the driver's.
   */
  invalidate(offset: number, length: number): void {
    const sound = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0
    if (!sound || !Number.isSafeInteger(offset + length)) {
      throw new UsageError(
        'ERR_VMAREA_OUT_OF_RANGE',
        `offset and length must be whole numbers of bytes from 0 on, and are ${offset} and ${length}`,
      )
    }
    if (length > 0) this.#host.invalidate(offset, length)
  }
}
