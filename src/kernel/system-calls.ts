/**
 * The memory system calls, each named and with its arguments ordered as its man page has them.
 *
 * Addresses are `bigint`, lengths and offsets safe integers in bytes, ranges half-open. Constants are in `vocabulary/`. A call that
 * fails throws `VmError` with the kernel's error number; it checks nothing that the kernel checks.
 *
 * Every call that changes the address space takes the write side of the process's layout lock (see `AddressSpace`).
 */
export interface SystemCalls {
  /** mmap(2). `descriptor` is -1 without a file. Returns the address of the new mapping. */
  mmap(address: bigint, length: number, protection: number, flags: number, descriptor: number, offset: number): bigint
  /** munmap(2) */
  munmap(address: bigint, length: number): void
  /** mprotect(2) */
  mprotect(address: bigint, length: number, protection: number): void
  /** mremap(2). `newAddress` is used with `MREMAP.FIXED` and `MREMAP.DONTUNMAP`. Returns the new address. */
  mremap(oldAddress: bigint, oldLength: number, newLength: number, flags: number, newAddress?: bigint): bigint
  /** madvise(2) */
  madvise(address: bigint, length: number, advice: number): void
  /** msync(2) */
  msync(address: bigint, length: number, flags: number): void
  /** mlock(2) */
  mlock(address: bigint, length: number): void
  /** mlock2(2) */
  mlock2(address: bigint, length: number, flags: number): void
  /** munlock(2) */
  munlock(address: bigint, length: number): void
  /** mlockall(2) */
  mlockall(flags: number): void
  /** munlockall(2) */
  munlockall(): void
  /** mincore(2): writes one byte for each page to `vector`, whose lowest bit is set where the page is resident. */
  mincore(address: bigint, length: number, vector: Uint8Array): void
  /** mseal(2) */
  mseal(address: bigint, length: number, flags: number): void
}
