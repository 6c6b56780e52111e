import type { Region } from '../../../kernel/region.js'
import { addon } from '../../../linux/addon/addon.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import { DriverPage } from './driver-page.js'

/** Pages a window of the file. */
const WINDOW_PAGES = 1024

/** The pages that a driver owns: a second memory file, because they must stay when the device's own page is dropped. */
export class DriverPages {
  /** The memory file's descriptor. */
  readonly descriptor: number
  readonly #kernel: PagerKernel
  readonly #windows: { readonly region: Region; readonly bytes: Uint8Array }[] = []
  readonly #free: number[] = []
  #count = 0

  constructor(kernel: PagerKernel, descriptor: number) {
    this.#kernel = kernel
    this.descriptor = descriptor
  }

  /** A page of zeros. Throws `ENOMEM`. */
  allocate(): DriverPage {
    const { pageSize } = this.#kernel
    const number = this.#free.pop() ?? this.#count++
    const window = this.#window(Math.floor(number / WINDOW_PAGES))
    const at = (number % WINDOW_PAGES) * pageSize
    const bytes = window.bytes.subarray(at, at + pageSize)
    bytes[0] = 0 // Allocates the page now, so that no mapping of it faults.
    if (window.region.fault !== undefined) {
      window.region.restore()
      this.#free.push(number)
      throw new VmError('ENOMEM', 'alloc_page')
    }
    return new DriverPage(this.descriptor, number * pageSize, bytes, (page) => this.#freePage(page))
  }

  /** Whether the page belongs to this file. */
  owns(page: DriverPage): boolean {
    return page.descriptor === this.descriptor
  }

  #freePage(page: DriverPage): void {
    const { pageSize } = this.#kernel
    addon().punchHole(this.descriptor, page.offset, pageSize)
    this.#free.push(page.offset / pageSize)
  }

  #window(index: number): { readonly region: Region; readonly bytes: Uint8Array } {
    const { pageSize, files, regions } = this.#kernel
    const length = WINDOW_PAGES * pageSize
    while (this.#windows.length <= index) {
      const offset = this.#windows.length * length
      files.ftruncate(this.descriptor, offset + length)
      const region = regions.mapRegion(
        0n,
        length,
        PROT.READ | PROT.WRITE,
        MAP.SHARED | MAP.NORESERVE,
        this.descriptor,
        offset,
        pageSize,
      )
      this.#windows.push({ region, bytes: new Uint8Array(region.view(0, length)) })
    }
    return this.#windows[index]!
  }
}
