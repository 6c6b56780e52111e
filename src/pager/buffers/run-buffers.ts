import type { Region } from '../../kernel/region.js'
import { MAP } from '../../vocabulary/map.js'
import { PROT } from '../../vocabulary/prot.js'
import type { PagerKernel } from '../thread/pager-kernel.js'

/** The most free drafts that are kept, by number and by bytes. */
const KEPT = 16
const KEPT_BYTES = 32 * 2 ** 20

interface Draft {
  readonly region: Region
  /** All bytes of the draft. The driver gets a shorter array over the same memory. */
  readonly bytes: Uint8Array
}

/** Buffers for the answers of runs of pages. The driver's array is detached once it has answered. */
export class RunBuffers {
  readonly #kernel: PagerKernel
  /** The shortest first. */
  readonly #free: Draft[] = []
  readonly #lent = new Map<ArrayBufferLike, Draft>()

  constructor(kernel: PagerKernel) {
    this.#kernel = kernel
  }

  /** A buffer of `length` zeros. Throws `ENOMEM`. */
  take(length: number): Uint8Array {
    const at = this.#free.findIndex(({ bytes }) => bytes.length >= length)
    const draft = at < 0 ? this.#make(length) : this.#free.splice(at, 1)[0]!
    if (at >= 0) draft.bytes.fill(0, 0, length)
    const view = draft.region.view(0, length)
    this.#lent.set(view, draft)
    return new Uint8Array(view)
  }

  /** Detaches the array after the driver has answered. A buffer that it transferred stays with the new owner. */
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

  /** Discards the memory of a request that failed, because a read that the driver began may still write to it. */
  drop({ buffer }: Uint8Array): void {
    this.#lent.get(buffer)?.region.unmap()
    this.#lent.delete(buffer)
  }

  // A power of two, so that a growing run fits in an existing draft.
  #make(length: number): Draft {
    const { regions, pageSize } = this.#kernel
    const room = 2 ** Math.ceil(Math.log2(length))
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE
    const region = regions.mapRegion(0n, room, PROT.READ | PROT.WRITE, flags, -1, 0, pageSize)
    return { region, bytes: new Uint8Array(region.view(0, room)) }
  }
}
