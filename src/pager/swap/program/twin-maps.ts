import type { SwapPart } from '../../../kernel/swap/swaps.js'
import type { LinuxKernel } from '../../../linux/linux-kernel.js'
import { mappedElsewhere } from '../../../paging/swap/mapped-elsewhere.js'
import { MADV } from '../../../vocabulary/madv.js'
import { MREMAP } from '../../../vocabulary/mremap.js'

/**
 * Second maps of shared memory that is swapped, at which the program touches nothing. Through them the serving thread reads and frees pages
 * of the file: no fault is caught there, and `MADV_REMOVE` there sends it no event, which it would have to read during the call.
 */
export class TwinMaps {
  readonly #kernel: LinuxKernel
  readonly #twins: { readonly start: bigint; readonly length: number }[] = []

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel
  }

  /** Maps the part a second time. Returns the address; `undefined` for private memory. */
  add({ region, offset, length, file }: SwapPart): number | undefined {
    if (file === undefined) return undefined
    const { calls } = this.#kernel
    // A length of 0 leaves the map where it is and maps the same pages elsewhere.
    const start = calls.mremap(region.start + BigInt(offset), 0, length, MREMAP.MAYMOVE)
    this.#twins.push({ start, length })
    calls.madvise(start, length, MADV.DONTFORK)
    calls.madvise(start, length, MADV.DONTDUMP)
    return Number(start)
  }

  close(): void {
    for (const { start, length } of this.#twins.splice(0)) this.#kernel.calls.munmap(start, length)
  }

  /** Throws where the file of a part is mapped elsewhere in this process: those pages would be holes there. */
  static checkMappedOnce(kernel: LinuxKernel, parts: readonly SwapPart[]): void {
    const files = new Map<string, SwapPart>()
    for (const part of parts) {
      if (part.file === undefined) continue
      const area = kernel.addressSpace.lookup(part.region.start + BigInt(part.offset))!
      files.set(`${area.deviceMajor}:${area.deviceMinor}:${area.inode}`, part)
    }
    if (files.size === 0) return
    const seen: { readonly file: string; readonly from: bigint; readonly to: bigint; readonly start: bigint }[] = []
    for (const { deviceMajor, deviceMinor, inode, start, end, offset } of kernel.addressSpace.areas(0n, 1n << 64n)) {
      const file = `${deviceMajor}:${deviceMinor}:${inode}`
      const part = files.get(file)
      if (part === undefined) continue
      const isPart = parts.some(({ region }) => start >= region.start && end <= region.start + BigInt(region.length))
      const to = offset + (end - start)
      const twice = seen.find((other) => other.file === file && other.from < to && offset < other.to)
      if (!isPart || twice !== undefined) {
        throw mappedElsewhere(part.region.start, start)
      }
      seen.push({ file, from: offset, to, start })
    }
  }
}
