import type { RawPage } from '../kernel/raw-page.js'
import { bytesRule } from '../vocabulary/options/bytes-rule.js'
import { checkArgument } from '../vocabulary/options/check-argument.js'
import { numberRule } from '../vocabulary/options/number-rule.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'

const numberOfBytes = numberRule('a number of bytes', (value) => !Number.isNaN(value))

/**
 * One page of memory that a driver owns: the kernel's `Page`.
 *
 * Invariant: as long as it is not disposed, the driver holds a reference to it. Areas that it was inserted into hold their own:
 * disposing it unmaps it nowhere.
 */
export class Page implements Disposable {
  readonly #page: RawPage
  #put = false

  private constructor(page: RawPage) {
    this.#page = page
  }

  /** Takes over the owner's reference to a raw page. Call `DeviceContext.page` instead. */
  static fromRaw(page: RawPage): Page {
    return new Page(page)
  }

  /** The raw page. @throws UsageError `ERR_VMAREA_PAGE_PUT` once disposed */
  asPtr(): RawPage {
    return this.#held()
  }

  /**
   * The page's bytes, live: every mapping of the page shows what is written here. @throws UsageError `ERR_VMAREA_PAGE_PUT` once disposed
   */
  get bytes(): Uint8Array {
    return this.#held().bytes
  }

  /** Copies `[offset, offset + length)` of the page into `target`. @throws VmError `EINVAL` where the range does not lie in the page */
  readRaw(target: Uint8Array, offset: number, length: number = target?.length): void {
    checkArgument('readRaw()', 'target', target, bytesRule)
    target.set(this.#part('read_raw', offset, length))
  }

  /** Copies the first `length` bytes of `source` to `offset` of the page. @throws VmError `EINVAL` where they do not fit */
  writeRaw(source: Uint8Array, offset: number, length: number = source?.length): void {
    checkArgument('writeRaw()', 'source', source, bytesRule)
    this.#part('write_raw', offset, length).set(source.subarray(0, length))
  }

  /** Fills `[offset, offset + length)` with zeros. @throws VmError `EINVAL` where the range does not lie in the page */
  fillZeroRaw(offset: number, length: number): void {
    this.#part('fill_zero_raw', offset, length).fill(0)
  }

  /** Gives the owner's reference back: `drop`. A second time does nothing. */
  release(): void {
    if (this.#put) return
    this.#put = true
    this.#page.put()
  }

  /** Calls `release()`, for `using`. */
  [Symbol.dispose](): void {
    this.release()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.#put
      ? 'Page { disposed }'
      : `Page { ${this.#page.bytes.length} bytes, ${this.#page.references} references }`
  }

  /** `with_pointer_into_page`: an offset at the very end is allowed for a length of 0. */
  #part(call: string, offset: number, length: number): Uint8Array {
    checkArgument(call, 'offset', offset, numberOfBytes)
    checkArgument(call, 'length', length, numberOfBytes)
    const { bytes } = this.#held()
    const inside = (value: number) => Number.isInteger(value) && value >= 0 && value <= bytes.length
    if (inside(offset) && inside(length) && offset + length <= bytes.length) {
      return bytes.subarray(offset, offset + length)
    }
    throw new VmError('EINVAL', call, {
      hint: `the page has ${bytes.length} bytes, and offset ${offset} with length ${length} do not lie in it`,
    })
  }

  #held(): RawPage {
    if (this.#put) throw new UsageError('ERR_VMAREA_PAGE_PUT', 'this Page was disposed: its memory is no longer yours')
    return this.#page
  }
}
