import { brk } from './model/calls/brk.js'
import { ModelKernel } from './model/kernel/model-kernel.js'
import { coreDump, type DumpedRange } from './model/process/core-dump.js'
import { forkMm } from './model/process/fork-mm.js'
import { procMaps } from './model/process/proc-maps.js'
import { procSmaps } from './model/process/proc-smaps.js'
import { addressOf } from './model/structs/address-of.js'
import type { Capability, Limits } from './model/structs/mm.js'
import { Process } from './process.js'
import { checkAddress } from './vocabulary/options/check-address.js'
import { checkArgument } from './vocabulary/options/check-argument.js'
import { wholeNumber } from './vocabulary/options/whole-number.js'
import { VmError } from './vocabulary/vm-error.js'

/** A mask of 9 bits, as core(5) lists them. */
const filterRule = wholeNumber('', 0, 0x1ff)

/**
 * A process of a modelled machine: everything that a real one has, and the calls that only a modelled one can offer.
 *
 * Its memory is read and written with `read` and `write`; it has no views, because it is not memory of this process.
 *
 * ```ts
 * const process = new Machine().spawn()
 * const memory = process.mapMut({ length: 8192 })
 * const child = process.fork()
 * console.log(child.maps())
 * ```
 */
export class ModelledProcess extends Process {
  /** The modelled kernel that does the work. */
  declare readonly kernel: ModelKernel
  readonly #forked: (child: ModelKernel) => ModelledProcess

  /** @internal */
  constructor(kernel: ModelKernel, forked: (child: ModelKernel) => ModelledProcess) {
    super(kernel)
    this.#forked = forked
  }

  /** The number of the process. */
  get pid(): number {
    return this.kernel.addressSpace.pid
  }

  /** `RLIMIT_*`, in bytes. They may be changed. */
  get limits(): Limits {
    return this.kernel.mm.limits
  }

  /** The capabilities of the process. They may be removed. */
  get capabilities(): Set<Capability> {
    return this.kernel.mm.capabilities
  }

  /**
   * fork(2): a child with a copy of the memory. Private pages are shared until one of the two writes. The child has no handles: it
   * has the memory, and reads it by address.
   *
   * @throws VmError `ENOMEM` when the machine can't promise memory for the copy, `ESRCH` when the process has ended
   */
  fork(): ModelledProcess {
    const { mm, files } = this.kernel
    if (mm.users === 0) throw new VmError('ESRCH', 'fork', { hint: 'the process has ended' })
    const child = forkMm(mm)
    if (typeof child === 'number') throw new VmError(child, 'fork')
    return this.#forked(new ModelKernel(child, files.fork()))
  }

  /** exit_group(2): ends the process and frees its memory. An `Mm` that pins the address space keeps it until the last pin is dropped. */
  exit(): void {
    if (this.kernel.mm.users === 0) return
    this.kernel.regions.waits.endIn(0n)
    this.kernel.devices.closeAll()
    this.kernel.swaps.closeAll()
    this.kernel.files.closeAll()
    this.kernel.addressSpace.put()
    this.kernel.userfaultfds.closeAll()
  }

  /** brk(2), the system call: sets the end of the heap and returns the end that is in effect then. Without an address it changes nothing. */
  brk(address = 0n): bigint {
    checkAddress(address, 'address')
    return BigInt(brk(this.kernel.mm, addressOf(address)))
  }

  /** The ranges that a core dump of the process would hold, area by area. `filter` is that of `/proc/PID/coredump_filter`. */
  coreDump(filter?: number): DumpedRange[] {
    if (filter !== undefined) checkArgument('coreDump()', 'filter', filter, filterRule)
    return coreDump(this.kernel.mm, filter)
  }

  /** The text of `/proc/PID/maps`. */
  maps(): string {
    return procMaps(this.kernel.mm)
  }

  /** The text of `/proc/PID/smaps`, with the fields that the model keeps account of. */
  smaps(): string {
    return procSmaps(this.kernel.mm)
  }
}
