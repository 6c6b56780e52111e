import type { PageRefusal, PageWaiter } from '../../paging/page-waiter.js'
import type { VmError } from '../../vocabulary/vm-error.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Mm } from '../structs/mm.js'
import type { Page } from '../structs/page.js'
import type { Vma } from '../structs/vma.js'
import { askAlone } from './ask-alone.js'
import type { Driver } from './driver.js'

export interface WaitingAccess {
  readonly mm: Mm
  /** The number of the page in the address space. */
  readonly number: number
  /** The offset of the page in the device, in bytes. */
  readonly offset: number
  readonly write: boolean
  /** The present page that is about to be written for the first time. */
  readonly page?: Page
}

/** An access that needs a page of a device. */
export class AccessWaiter implements PageWaiter {
  readonly isAccess = true
  readonly since: number = performance.now()
  readonly access: WaitingAccess
  readonly #driver: Driver
  #state: 'waits' | 'retry' | 'failed' = 'waits'
  #error: VmError | undefined
  #resolve: ((error: VmError | undefined) => void) | undefined

  constructor(driver: Driver, access: WaitingAccess) {
    this.#driver = driver
    this.access = access
  }

  get offset(): number {
    return this.access.offset
  }

  /** The area at the address of the access, if it still maps that page of the device. */
  get vma(): Vma | undefined {
    const { mm, number, offset } = this.access
    const vma = mm.tree.lookup(number * mm.pageSize)
    if (vma === undefined || vma.file?.inode !== this.#driver.inode) return undefined
    return vma.pgoff + number - vma.start / mm.pageSize === offset / mm.pageSize ? vma : undefined
  }

  /** A page that is in memory is mapped by then. */
  settle(refusal?: PageRefusal): void {
    if (refusal?.mayRetry) {
      askAlone(this.#driver, this)
      return
    }
    this.#state = refusal === undefined ? 'retry' : 'failed'
    this.#error = refusal?.reason
    this.#resolve?.(this.#error)
  }

  /** The result for `handle_mm_fault`: one of `FAULT_RESULT`. `mm` then has the error (P4), or the promise that the access waits for. */
  result(): number {
    const { mm } = this.access
    if (this.#state === 'retry') return FAULT_RESULT.DONE
    if (this.#state === 'failed') {
      mm.driverError = this.#error
      return FAULT_RESULT.NO_PAGE
    }
    mm.waitsFor = new Promise((resolve) => {
      this.#resolve = resolve
    })
    return FAULT_RESULT.WAITS
  }
}
