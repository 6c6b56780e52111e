import type { Area } from '#vmarea/kernel/area.js'
import type { FileOperations } from '#vmarea/kernel/file-operations.js'
import type { ModelArea } from '#vmarea/model/hooks/model-area.js'
import type { Machine } from '#vmarea/model/structs/machine.js'
import { Page } from '#vmarea/model/structs/page.js'
import { VM } from '#vmarea/vocabulary/vm.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { ARENA } from './arena.js'

// Drivers of Linux 6.18 that make, in their hooks, the calls that the real ones make. `kernel.c` opens the real ones.

const PAGE = BigInt(ARENA.PAGE)

function pagesOf(machine: Machine, count: number): Page[] {
  return Array.from({ length: count }, () => new Page('driver', machine.pageSize, 1))
}

function length(area: Area): number {
  return Number((area.end - area.start) / PAGE)
}

/** `packet_mmap`: a ring of four pages, which only fits as a whole. */
export function packetRing(machine: Machine): FileOperations {
  const ring = pagesOf(machine, 4)
  return {
    mmap(area) {
      if (area.offset !== 0n || length(area) !== ring.length) throw new VmError('EINVAL', 'mmap')
      for (const [index, page] of ring.entries()) area.insertPage(area.start + BigInt(index) * PAGE, page)
    },
    openArea() {},
    closeArea() {},
  }
}

/** `io_uring_mmap`: the rings at offset 0 or 2^27, the entries at 2^28; the kernel alone chooses the address. */
export function uring(machine: Machine): FileOperations {
  const rings = pagesOf(machine, 3)
  const entries = pagesOf(machine, 4)
  const regionAt = (offset: number) => {
    // IORING_OFF_MMAP_MASK
    const region = Math.floor(offset / 2 ** 27) * 2 ** 27
    if (region === 0 || region === 2 ** 27) return rings
    return region === 2 ** 28 ? entries : undefined
  }
  return {
    getUnmappedArea(hint, _length, offset) {
      if (hint !== 0n) throw new VmError('EINVAL', 'mmap')
      if (regionAt(offset) === undefined) throw new VmError('ENOMEM', 'mmap')
      return undefined
    },
    mmap(area) {
      const region = regionAt(Number(area.offset))
      if (region === undefined) throw new VmError('EINVAL', 'mmap')
      area.changeFlags(VM.DONTEXPAND, 0n)
      const count = region === rings ? Math.min(region.length, length(area)) : region.length
      // vm_insert_pages
      if (count > length(area)) throw new VmError('EFAULT', 'mmap')
      for (let index = 0; index < count; index++) area.insertPage(area.start + BigInt(index) * PAGE, region[index]!)
    },
  }
}

/** `perf_mmap`: a page of its own and a power of two of others, as many in every map of it. */
export function perfEvent(machine: Machine): FileOperations {
  let buffer: Page[] = []
  let maps = 0
  return {
    mmap(area) {
      if ((area.flags & VM.SHARED) === 0n) throw new VmError('EINVAL', 'mmap')
      if (area.offset !== 0n) throw new VmError('EINVAL', 'mmap')
      const count = length(area)
      const data = count - 1
      if (data !== 0 && (data & (data - 1)) !== 0) throw new VmError('EINVAL', 'mmap')
      if (maps > 0 && buffer.length !== count) throw new VmError('EINVAL', 'mmap')
      if (maps++ === 0) buffer = pagesOf(machine, count)
      area.changeFlags(VM.DONTCOPY | VM.DONTEXPAND | VM.DONTDUMP, 0n)
      ;(area as ModelArea).remapPfnRange(area.start, buffer)
    },
    openArea() {
      maps++
    },
    closeArea() {
      maps--
    },
    maySplit() {
      throw new VmError('EINVAL', 'may_split')
    },
    pfnMkwrite({ offset }) {
      if (offset !== 0) throw new VmError('EFAULT', 'pfn_mkwrite')
    },
  }
}
