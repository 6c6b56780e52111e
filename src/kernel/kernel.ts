import type { AddressSpace } from './address-space.js'
import type { Devices } from './devices.js'
import type { FileCalls } from './file-calls.js'
import type { RefusedCall } from './refused-call.js'
import type { Regions } from './regions.js'
import type { Swaps } from './swap/swaps.js'
import type { SystemCalls } from './system-calls.js'
import type { UserfaultfdCalls } from './userfaultfd-calls.js'

/**
 * The seam: one process as its kernel sees it. `linux/` has it for this process, `model/` for each process of a modelled machine.
 *
 * The code above it is shared by both; the seam itself is raw: numbers, ranges and error codes. A call that a kernel does not support
 * throws `VmError`; it never does something else in silence.
 */
export interface Kernel {
  /** The running kernel, or a modelled one. */
  readonly kind: 'linux' | 'model'
  /** Bytes a page. */
  readonly pageSize: number
  /** The page sizes that memory can have here, in bytes, ascending; the first is `pageSize`. */
  pageSizes(): readonly number[]

  /** The system calls of memory: mmap(2), mprotect(2), … */
  readonly calls: SystemCalls
  /** The calls that open, measure and change the files that are mapped. */
  readonly files: FileCalls
  /** Makes regions: ranges of memory that the library holds and whose faults it contains. */
  readonly regions: Regions
  /** The address space of this process. */
  readonly addressSpace: AddressSpace
  /** Opens userfaultfds. */
  readonly userfaultfds: UserfaultfdCalls
  /** Opens devices: memory whose pages a driver fills. */
  readonly devices: Devices
  /** Opens swaps: memory whose pages a store keeps. */
  readonly swaps: Swaps

  /** Flushes the instruction cache on processors that require it after code was written. */
  flushInstructionCache(address: bigint, length: number): void
  /** Why a call that makes memory executable failed with `EACCES`, as a sentence; `undefined` if nothing is known. */
  explainDenial(syscall: string): string | undefined
  /** Which limit made a system call fail, with its value, as a sentence; `undefined` where no limit explains it. */
  explainLimit(call: RefusedCall): string | undefined
}
