import type { DeviceHost } from '../../kernel/device-host.js'
import type { RawPage } from '../../kernel/raw-page.js'
import type { Driver } from '../hooks/driver.js'
import { Page } from '../structs/page.js'

/** What a driver may ask of the modelled kernel. */
export class ModelDeviceHost implements DeviceHost {
  readonly pageSize: number
  /** Until the device is open, there is nothing that could be invalidated. */
  driver: Driver | undefined = undefined
  readonly #abort = new AbortController()

  constructor(pageSize: number) {
    this.pageSize = pageSize
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  allocatePage(): RawPage {
    return new Page('driver', this.pageSize, 1)
  }

  invalidate(offset: number, length: number): void {
    this.driver?.invalidate(offset, length)
  }

  /** The driver is asked no more, and what it asks has no effect. */
  end(reason: unknown): void {
    this.driver = undefined
    this.#abort.abort(reason)
  }
}
