import type { DeviceHost } from '../../kernel/device-host.js'
import type { RawPage } from '../../kernel/raw-page.js'
import type { Driver } from '../hooks/driver.js'
import { Page } from '../structs/page.js'

/** The calls of a driver to the modelled kernel. */
export class ModelDeviceHost implements DeviceHost {
  readonly pageSize: number
  /** `undefined` until the device is open: there is no page to invalidate before. */
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

  /** Ends the driver: its hooks are not called any more, and its own calls have no effect. */
  end(reason: unknown): void {
    this.driver = undefined
    this.#abort.abort(reason)
  }
}
