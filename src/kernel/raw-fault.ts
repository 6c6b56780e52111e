import type { Area } from './area.js'
import type { RawPage } from './raw-page.js'

/** What a raw `fault` hook is given: `struct vm_fault`, as far as a driver may look. */
export interface RawFault {
  /** The touched area; `undefined` for a request of `RawDevice.fill`, which touches no page. */
  readonly area: Area | undefined
  /** The address of the touched page; `undefined` for a request of `RawDevice.fill`. */
  readonly address: bigint | undefined
  /** Where that page is in the device, in bytes: `vmf->pgoff` as an offset. */
  readonly offset: number
  readonly write: boolean
  /** The device's own pages that the program will see, from `offset` on: fill them. At least one page. */
  readonly bytes: Uint8Array
  /** Answers with a page that the driver owns, instead of filling `bytes`. For a request without an `area` the page is ignored. */
  answer(page: RawPage): void
  /** Aborted when the last waiter has left. */
  readonly signal: AbortSignal
}
