import type { SystemCalls } from '../../kernel/system-calls.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { hex } from '../../vocabulary/hex.js'
import { MADV } from '../../vocabulary/madv.js'
import { MLOCK } from '../../vocabulary/mlock.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { madvise } from '../calls/madvise.js'
import { mincore } from '../calls/mincore.js'
import { mlock } from '../calls/mlock.js'
import { mlockall, munlockall } from '../calls/mlockall.js'
import { mmap } from '../calls/mmap.js'
import { mprotect } from '../calls/mprotect.js'
import { mremap } from '../calls/mremap.js'
import { mseal } from '../calls/mseal.js'
import { msync } from '../calls/msync.js'
import { munlock } from '../calls/munlock.js'
import { munmap } from '../calls/munmap.js'
import { populate } from '../faults/populate.js'
import { withdrawFault } from '../faults/withdraw-fault.js'
import { addressOf } from '../structs/address-of.js'
import { addressOrError } from '../structs/address-or-error.js'
import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import type { ModelFiles } from './model-files.js'

/** `madvise_lock`: advice that changes no VMA requires the lock for reading only, or no lock. */
const underReadLock = new Set<number>([
  MADV.WILLNEED,
  MADV.COLD,
  MADV.PAGEOUT,
  MADV.REMOVE,
  MADV.DONTNEED,
  MADV.DONTNEED_LOCKED,
  MADV.FREE,
  MADV.POPULATE_READ,
  MADV.POPULATE_WRITE,
  MADV.COLLAPSE,
  MADV.GUARD_INSTALL,
  MADV.GUARD_REMOVE,
])

/** The memory calls of one modelled process. */
export class ModelSystemCalls implements SystemCalls {
  readonly #mm: Mm
  readonly #files: ModelFiles

  constructor(mm: Mm, files: ModelFiles) {
    this.#mm = mm
    this.#files = files
  }

  mmap(address: bigint, length: number, protection: number, flags: number, descriptor: number, offset: number): bigint {
    this.#lock('mmap')
    return this.#mmap(address, length, protection, flags, this.#files.get(descriptor), offset)
  }

  /** mmap(2) of an open file that has no descriptor. */
  mmapFile(address: bigint, length: number, protection: number, flags: number, file: OpenFile, offset: number): bigint {
    this.#lock('mmap')
    return this.#mmap(address, length, protection, flags, file, offset)
  }

  #mmap(
    address: bigint,
    length: number,
    protection: number,
    flags: number,
    file: OpenFile | undefined,
    offset: number,
  ): bigint {
    const result = mmap(this.#mm, addressOrError(address), length, protection, flags, file, offset)
    return BigInt(this.#settle(result, 'mmap', address, length))
  }

  munmap(address: bigint, length: number): void {
    this.#lock('munmap')
    this.#settle(munmap(this.#mm, addressOf(address), length), 'munmap', address, length)
  }

  mprotect(address: bigint, length: number, protection: number): void {
    this.#lock('mprotect')
    this.#settle(mprotect(this.#mm, addressOf(address), length, protection), 'mprotect', address, length)
  }

  mremap(address: bigint, oldLength: number, newLength: number, flags: number, newAddress = 0n): bigint {
    this.#lock('mremap')
    const result = mremap(this.#mm, addressOf(address), oldLength, newLength, flags, addressOf(newAddress))
    return BigInt(this.#settle(result, 'mremap', address, oldLength))
  }

  madvise(address: bigint, length: number, advice: number): void {
    if (this.madviseOrWait(address, length, advice) === undefined) return
    withdrawFault(this.#mm, address, length)
    throw new UsageError(
      'ERR_VMAREA_WOULD_BLOCK',
      `a page of the ${length} bytes at ${hex(address)} waits for an answer that can't come meanwhile: use populate`,
    )
  }

  /** `madvise`, or the promise that it waits for before it can be tried again. */
  madviseOrWait(address: bigint, length: number, advice: number): Promise<VmError | undefined> | undefined {
    if (!underReadLock.has(advice) || this.#mm.hooks > 0) this.#lock('madvise')
    this.#mm.waitsFor = undefined
    this.#mm.withdrawFault = undefined
    this.#mm.driverError = undefined
    const result = madvise(this.#mm, addressOf(address), length, advice)
    if (result === ERRNO_RESULT.EAGAIN && this.#mm.waitsFor !== undefined) return this.#mm.waitsFor
    const { driverError } = this.#mm
    if (result === ERRNO_RESULT.EFAULT && driverError !== undefined) {
      throw new VmError('EFAULT', 'madvise', { address, length, cause: driverError })
    }
    this.#settle(result, 'madvise', address, length)
    return undefined
  }

  msync(address: bigint, length: number, flags: number): void {
    this.#settle(msync(this.#mm, addressOf(address), length, flags), 'msync', address, length)
  }

  mlock(address: bigint, length: number): void {
    this.#lock('mlock')
    this.#checkPopulate(address, length)
    this.#settle(mlock(this.#mm, addressOf(address), length, 0), 'mlock', address, length)
  }

  mlock2(address: bigint, length: number, flags: number): void {
    this.#lock('mlock2')
    if ((flags & MLOCK.ONFAULT) === 0) this.#checkPopulate(address, length)
    this.#settle(mlock(this.#mm, addressOf(address), length, flags), 'mlock2', address, length)
  }

  munlock(address: bigint, length: number): void {
    this.#lock('munlock')
    this.#settle(munlock(this.#mm, addressOf(address), length), 'munlock', address, length)
  }

  mlockall(flags: number): void {
    this.#lock('mlockall')
    this.#settle(mlockall(this.#mm, flags), 'mlockall')
  }

  munlockall(): void {
    this.#lock('munlockall')
    this.#settle(munlockall(this.#mm), 'munlockall')
  }

  mincore(address: bigint, length: number, vector: Uint8Array): void {
    this.#settle(mincore(this.#mm, addressOf(address), length, vector), 'mincore', address, length)
  }

  mseal(address: bigint, length: number, flags: number): void {
    this.#lock('mseal')
    this.#settle(mseal(this.#mm, addressOf(address), length, flags), 'mseal', address, length)
  }

  /** Throws, before anything is locked, where mlock(2) would wait for an answer that only its caller could give. */
  #checkPopulate(address: bigint, length: number): void {
    const mm = this.#mm
    const end = addressOf(address) + length
    const start = addressOf(address) - (addressOf(address) % mm.pageSize)
    let isCaught = false
    for (let at = start; at < end; ) {
      const vma = mm.tree.lookup(at)
      if (vma === undefined) return // mlock(2) faults nothing in where a part is not mapped
      isCaught ||= vma.uffd !== undefined
      at = vma.end
    }
    if (!isCaught) return
    mm.waitsFor = undefined
    mm.withdrawFault = undefined
    populate(mm, start, end, false)
    withdrawFault(mm, address, length)
  }

  /** `mmap_write_lock`: throws where it is held. The holder is this very thread, so a wait would never end. */
  #lock(syscall: string): void {
    if (this.#mm.users === 0) throw new VmError('ESRCH', syscall, { hint: 'the process has ended' })
    if (this.#mm.readers === 0 && this.#mm.hooks === 0) return
    throw new VmError('EDEADLK', syscall, {
      ...(this.#mm.hooks === 0 ? {} : { hint: 'a hook of a driver runs, under the lock of the address space' }),
    })
  }

  #settle(result: number, syscall: string, address?: bigint, length?: number): number {
    const { hookError } = this.#mm
    if (hookError !== undefined) {
      this.#mm.hookError = undefined
      throw hookError
    }
    if (result >= 0) return result
    const detail = { ...(address === undefined ? {} : { address }), ...(length === undefined ? {} : { length }) }
    if (result === ERRNO_RESULT.ENOSYS) {
      throw new VmError(result, syscall, { ...detail, hint: 'the model leaves huge pages out' })
    }
    throw new VmError(result, syscall, detail)
  }
}
