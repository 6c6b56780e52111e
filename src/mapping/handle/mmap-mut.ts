import { restOfRange } from '../../vocabulary/options/rest-of-range.js'
import { allocateMemory } from '../memory/allocate-memory.js'
import { resizeMemory } from '../memory/resize-memory.js'
import { writeHoldingAsync, writeMemory } from '../memory/write-memory.js'
import { memoryOf } from './memory-of.js'
import type { Mmap } from './mmap.js'
import type { MmapNone } from './mmap-none.js'
import type { permission } from './permission.js'
import type { CommittedTypes } from './permission-types.js'
import { ReadableMapping } from './readable-mapping.js'
import { ReservedMut } from './reserved-mut.js'
import { transitions } from './transitions.js'

/**
 * Committed memory that may be read and written.
 *
 * @remarks Invariant: every page of `[start, end)` is mapped with `PROT_READ` and `PROT_WRITE`.
 *
 * ```ts
 * using memory = mapMut({ length: 4096 })
 * memory.bytes[0] = 42
 * ```
 */
export class MmapMut extends ReadableMapping<CommittedTypes, Uint8Array<ArrayBuffer>> {
  /** Makes the permission part of the type. It has no value at run time. */
  declare readonly [permission]: 'write'

  /**
   * Moves `mapping` to an `MmapMut`: makes it writable, or commits all of a reservation.
   *
   * @throws VmError `EACCES` where the file is not open for writing or a driver has taken this permission away,
   * `ENOMEM` where a limit was met
   */
  static from(mapping: MmapNone | Mmap | ReservedMut): MmapMut {
    return mapping instanceof ReservedMut
      ? ((mapping as unknown as MmapMut).commitAll('write') as MmapMut)
      : mapping.makeMut()
  }

  /**
   * Copies `source` to `[offset, offset + source.byteLength)`.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_INVALID_ARGUMENT` where `source` is no typed array or
   * DataView; `ERR_VMAREA_WOULD_DEADLOCK` where only this thread could answer the fault of a page
   * @throws MemoryFault `ERR_VMAREA_FAULT` at the first page that can't be written; the bytes before it are written
   */
  write(offset: number, source: ArrayBufferView): void {
    writeMemory(this[memoryOf](), offset, source)
  }

  /**
   * Does what `write` does on another thread. `source` is copied before the call returns.
   *
   * @throws UsageError as `write`: `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_INVALID_ARGUMENT`; `ERR_VMAREA_UNMAPPED` also
   * where the mapping is unmapped meanwhile
   * @throws MemoryFault as `write`: `ERR_VMAREA_FAULT`
   */
  writeAsync(offset: number, source: ArrayBufferView): Promise<void> {
    return writeHoldingAsync(this[memoryOf](), offset, source)
  }

  /**
   * Reserves room in the file behind a part of a shared mapping, so that no later write through the mapping meets a full file system:
   * fallocate(2), off the event loop. The file grows where the range ends behind it. Room that was reserved stays when a later call fails.
   *
   * ```ts
   * await log.allocate(0, 1 << 20) // ENOSPC comes here, and not as a fault in the midst of a record
   * ```
   *
   * @throws `ENOSPC` with what is free; `EPERM` of a memory file that is sealed against growing; `EOPNOTSUPP` where the file system can't;
   * `ERR_VMAREA_NOT_SHARED`, `ERR_VMAREA_OUT_OF_RANGE`; `ERR_VMAREA_NO_FILE` of memory without a file, or whose file can't be reached
   * under the name or descriptor by which it was mapped
   */
  async allocate(offset = 0, length: number = restOfRange(this.size, offset)): Promise<void> {
    await allocateMemory(this[memoryOf](), offset, length)
  }

  /**
   * Grows or shrinks the mapping to `length` bytes: mremap(2). The memory may move: `start` can change. The size of the file does not. The
   * views are detached. New anonymous bytes are zero; pages past the end of a file fault until the file has grown.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE` where `length` is no whole number above 0
   * @throws VmError `EFAULT` where parts of the mapping were locked or advised differently, `ENOMEM` where a limit was met or
   * no room is free, `EINVAL` where a device's memory can't grow
   */
  resize(length: number): void {
    resizeMemory(this[memoryOf](), length)
  }
}

transitions.committed.set('write', MmapMut)
