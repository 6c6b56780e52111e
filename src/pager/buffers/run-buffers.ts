import type { Region } from '../../kernel/region.js'
import { MAP } from '../../vocabulary/map.js'
import { PROT } from '../../vocabulary/prot.js'
import type { PagerKernel } from '../thread/pager-kernel.js'

/** Free drafts that are kept: so many, and so many bytes of them. */
const KEPT = 16
const KEPT_BYTES = 32 * 2 ** 20

interface Draft {
  readonly region: Region
  /** All of it. What a driver is given is a shorter array of its own, over the same memory. */
  readonly bytes: Uint8Array
}

/** Memory to write the answer for a run of pages on. A driver has it as an array of its own, which is empty once it has answered. */
export class RunBuffers {
  readonly #kernel: PagerKernel
  /** The shortest first. */
  readonly #free: Draft[] = []
  readonly #lent = new Map<ArrayBufferLike, Draft>()

  constructor(kernel: PagerKernel) {
    this.#kernel = kernel
  }

  /** So many bytes of zeros. Throws `ENOMEM`. */
  take(length: number): Uint8Array {
    const at = this.#free.findIndex(({ bytes }) => bytes.length >= length)
    const draft = at < 0 ? this.#make(length) : this.#free.splice(at, 1)[0]!
    if (at >= 0) draft.bytes.fill(0, 0, length)
    const view = draft.region.view(0, length)
    this.#lent.set(view, draft)
    return new Uint8Array(view)
  }

  /** The driver has answered: an array that it kept is empty. A buffer that it transferred stays with its new owner. */
  giveBack(array: Uint8Array): void {
    const { buffer, length } = array
    const draft = this.#lent.get(buffer)
    if (draft === undefined) return
    if (length === 0) {
      this.drop(array)
      return
    }
    this.#lent.delete(buffer)
    draft.region.detach(buffer as ArrayBuffer)
    const at = this.#free.findIndex(({ bytes }) => bytes.length >= draft.bytes.length)
    this.#free.splice(at < 0 ? this.#free.length : at, 0, draft)
    if (this.#free.length > KEPT) this.#free.shift()!.region.unmap()
    while (this.#keptBytes() > KEPT_BYTES) this.#free.pop()!.region.unmap()
  }

  #keptBytes(): number {
    return this.#free.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** The driver has given up, and a read that it began may still write there: this memory is not used again. */
  drop({ buffer }: Uint8Array): void {
    this.#lent.get(buffer)?.region.unmap()
    this.#lent.delete(buffer)
  }

  // A power of two, so that runs that grow find room in what there is.
  #make(length: number): Draft {
    const { regions, pageSize } = this.#kernel
    const room = 2 ** Math.ceil(Math.log2(length))
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE
    const region = regions.mapRegion(0n, room, PROT.READ | PROT.WRITE, flags, -1, 0, pageSize)
    return { region, bytes: new Uint8Array(region.view(0, room)) }
  }
}
