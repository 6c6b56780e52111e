import type { FaultScope } from '../../kernel/fault-scope.js'
import type { Regions } from '../../kernel/regions.js'
import { hex } from '../../vocabulary/hex.js'
import { MAP } from '../../vocabulary/map.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import { ModelRegion } from './model-region.js'
import type { ModelSystemCalls } from './model-system-calls.js'
import { WordWaits } from './word-waits.js'

/** The model hands out no views, so every fault is returned by the call that caused it. */
const emptyScope: FaultScope = { enter: () => 0, leave: () => undefined }

/** The held memory of one modelled process. `unmap` and the end of the process free it, garbage collection never does. */
export class ModelRegions implements Regions {
  readonly faultScope = emptyScope
  readonly longestView = 0
  readonly held = new Set<ModelRegion>()
  readonly waits: WordWaits
  readonly #mm: Mm
  readonly #calls: ModelSystemCalls

  constructor(mm: Mm, calls: ModelSystemCalls) {
    this.#mm = mm
    this.waits = new WordWaits(mm.machine.futexes)
    this.#calls = calls
  }

  mapRegion(
    address: bigint,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
    pageSize: number,
  ): ModelRegion {
    if (pageSize !== this.#mm.pageSize) {
      throw new VmError('ENOSYS', 'mmap', { hint: 'the model leaves huge pages out' })
    }
    this.#refuseOverlap(address, length, flags)
    const start = this.#calls.mmap(address, length, protection, flags, descriptor, offset)
    return new ModelRegion(this.#mm, this.#calls, this, start, this.#mm.roundUp(length))
  }

  /** Maps an open file that has no descriptor. */
  mapFile(
    address: bigint,
    length: number,
    protection: number,
    flags: number,
    file: OpenFile,
    offset: number,
  ): ModelRegion {
    this.#refuseOverlap(address, length, flags)
    const start = this.#calls.mmapFile(address, length, protection, flags, file, offset)
    return new ModelRegion(this.#mm, this.#calls, this, start, this.#mm.roundUp(length))
  }

  regionAt(address: bigint): ModelRegion | undefined {
    for (const region of this.held) {
      if (region.start <= address && address < region.start + BigInt(region.length)) return region
    }
    return undefined
  }

  onFault(): void {}

  #refuseOverlap(start: bigint, length: number, flags: number): void {
    // FIXED_NOREPLACE replaces nothing: mmap itself fails with EEXIST.
    if (!(flags & MAP.FIXED) || flags & MAP.FIXED_NOREPLACE) return
    const end = start + BigInt(length)
    for (const region of this.held) {
      if (region.start >= end || region.start + BigInt(region.length) <= start) continue
      throw new UsageError(
        'ERR_VMAREA_RANGE_IN_USE',
        `the range from ${hex(start)} to ${hex(end)} touches memory that vmarea holds: unmap that first`,
      )
    }
  }
}
