import type { RawFault } from '../../../kernel/raw-fault.js'
import type { RawPage } from '../../../kernel/raw-page.js'
import { type BytesRelease, PageRequest } from '../../../paging/page-request.js'
import type { DeviceArea } from './device-area.js'
import type { DeviceFile } from './device-file.js'

/** The cause of a request to a driver. */
export interface DeviceRequestAbout {
  readonly file: DeviceFile
  /** The area that was touched. */
  readonly area?: DeviceArea
  /** The address of the touched page; -1 for a fetch. */
  readonly page: number
  readonly write: boolean
}

/** A request to a driver, as its hooks see it. */
export class DeviceRequest extends PageRequest implements RawFault {
  readonly #about: DeviceRequestAbout
  #answer: RawPage | 'inserted' | undefined

  private constructor(about: DeviceRequestAbout, offset: number, length: number, call: string, firstWrite: boolean) {
    super(offset, length, call, firstWrite)
    this.#about = about
  }

  /** For the `fault` hook. */
  static fill(about: DeviceRequestAbout, offset: number, length: number): DeviceRequest {
    return new DeviceRequest(about, offset, length, 'fault', false)
  }

  /** For the `pageMkwrite` hook, about a page that is in the file. */
  static firstWrite(about: DeviceRequestAbout, offset: number, pageSize: number): DeviceRequest {
    return new DeviceRequest(about, offset, pageSize, 'page_mkwrite', true)
  }

  get area(): DeviceArea | undefined {
    return this.#about.area
  }

  /** The address of the touched page; -1 for a fetch. */
  get page(): number {
    return this.#about.page
  }

  get address(): bigint | undefined {
    return this.page < 0 ? undefined : BigInt(this.page)
  }

  get write(): boolean {
    return this.#about.write
  }

  /**
   * The page with which the driver answered, or `'inserted'` where it has mapped one at the address; `undefined` where the answer is in
   * `bytes`.
   */
  get answered(): RawPage | 'inserted' | undefined {
    return this.#answer
  }

  answer(page: RawPage): void {
    this.#answer = page
  }

  /** Notes that the driver has mapped a page of its own at the address (`VM_FAULT_NOPAGE`). An answer with a page takes precedence. */
  noteInserted(): void {
    this.#answer ??= 'inserted'
  }

  protected copy(): this {
    return new DeviceRequest(this.#about, this.offset, this.length, this.call, this.firstWrite) as this
  }

  protected openBytes(): Uint8Array {
    const { file } = this.#about
    return this.firstWrite ? file.page(this.offset) : file.buffers.take(this.length)
  }

  protected closeBytes(bytes: Uint8Array, how: BytesRelease): void {
    const { file } = this.#about
    if (this.firstWrite) file.detach(this.offset, bytes)
    else file.buffers.giveBack(bytes, how)
  }
}
