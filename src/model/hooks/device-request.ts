import type { Area } from '../../kernel/area.js'
import type { RawFault } from '../../kernel/raw-fault.js'
import type { RawPage } from '../../kernel/raw-page.js'
import { PageRequest } from '../../paging/page-request.js'
import type { Mm } from '../structs/mm.js'
import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'

/** The access that causes a request. */
export interface RequestedAccess {
  readonly area: Area
  readonly mm: Mm
  /** The number of the page in the address space. */
  readonly number: number
  readonly write: boolean
}

/** A request to a driver, as its hooks see it. */
export class DeviceRequest extends PageRequest implements RawFault {
  /** `undefined` for a fetch. */
  readonly access: RequestedAccess | undefined
  /** In a request for a first write, the page that is about to be written. */
  readonly #written: Page | undefined
  /** The page with which the driver answered; `undefined` where the answer is in `bytes`. */
  answered: RawPage | undefined = undefined

  private constructor(
    access: RequestedAccess | undefined,
    offset: number,
    length: number,
    call: string,
    written?: Page | undefined,
  ) {
    super(offset, length, call, written !== undefined)
    this.access = access
    this.#written = written
  }

  /** For the `fault` hook. */
  static fill(access: RequestedAccess | undefined, offset: number, length: number): DeviceRequest {
    return new DeviceRequest(access, offset, length, 'fault')
  }

  /** For the `pageMkwrite` hook, and for `pfnMkwrite` where the page is known by its frame number alone. */
  static firstWrite(access: RequestedAccess, offset: number, page: Page, pfn: boolean): DeviceRequest {
    return new DeviceRequest(access, offset, page.size, pfn ? 'pfn_mkwrite' : 'page_mkwrite', page)
  }

  get area(): Area | undefined {
    return this.access?.area
  }

  get address(): bigint | undefined {
    return this.access && BigInt(this.access.number * this.access.mm.pageSize)
  }

  get write(): boolean {
    return this.access?.write ?? false
  }

  /** Whether the hook has mapped a page of its own at the address of the access (`VM_FAULT_NOPAGE`). */
  get isInserted(): boolean {
    return this.access !== undefined && (this.access.mm.tables.bits(this.access.number) & PTE.PRESENT) !== 0
  }

  answer(page: RawPage): void {
    if (this.firstWrite) throw new TypeError('a page_mkwrite hook has its page already')
    this.answered = page
  }

  protected copy(): this {
    return new DeviceRequest(this.access, this.offset, this.length, this.call, this.#written) as this
  }

  protected openBytes(): Uint8Array {
    return this.#written?.bytes ?? new Uint8Array(this.length)
  }

  protected closeBytes(): void {}
}
