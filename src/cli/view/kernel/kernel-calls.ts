import type { PlaySystemCall, Served, ServedProcess } from '../../../linux/play/served-process.js'
import type { PlaySystemCalls } from '../../../view/play/play-process.js'
import { UnknownError } from '../../../view/play/unknown-error.js'
import { MAP } from '../../../vocabulary/map.js'
import { MREMAP } from '../../../vocabulary/mremap.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { Places } from './kernel-process.js'

/** The memory system calls of a process of the running kernel. */
export class KernelCalls implements PlaySystemCalls {
  readonly #served: ServedProcess
  readonly #places: Places
  readonly #fileOf: (descriptor: number) => number

  /** `fileOf` gives the kernel's number of a descriptor of the program. */
  constructor(served: ServedProcess, places: Places, fileOf: (descriptor: number) => number) {
    this.#served = served
    this.#places = places
    this.#fileOf = fileOf
  }

  /** Where the program leaves the place to the kernel, the model's choice is the hint: other memory of this process would change the choice. */
  mmap(address: bigint, length: number, protection: number, flags: number, descriptor: number, offset: number): bigint {
    const isFixed = (flags & (MAP.FIXED | MAP.FIXED_NOREPLACE)) !== 0
    const place = isFixed ? address : BigInt(this.#places.hint ?? address)
    return BigInt(this.#call('mmap', place, length, protection, flags, this.#fileOf(descriptor), offset))
  }

  munmap(address: bigint, length: number): void {
    this.#call('munmap', address, length)
  }

  mprotect(address: bigint, length: number, protection: number): void {
    this.#call('mprotect', address, length, protection)
  }

  /** What the kernel moves by its own choice is moved on to where the model has it. */
  mremap(oldAddress: bigint, oldLength: number, newLength: number, flags: number, newAddress = 0n): bigint {
    const moved = BigInt(this.#call('mremap', oldAddress, oldLength, newLength, flags, newAddress))
    const { hint } = this.#places
    const mayPlace = (flags & MREMAP.FIXED) === 0 && moved !== oldAddress && hint !== undefined
    if (!mayPlace || BigInt(hint) === moved || BigInt(hint) === oldAddress) return moved
    return BigInt(this.#call('mremap', moved, newLength, newLength, MREMAP.MAYMOVE | MREMAP.FIXED, BigInt(hint)))
  }

  madvise(address: bigint, length: number, advice: number): void {
    this.#call('madvise', address, length, advice)
  }

  mlock(address: bigint, length: number): void {
    this.#call('mlock', address, length)
  }

  munlock(address: bigint, length: number): void {
    this.#call('munlock', address, length)
  }

  mlockall(flags: number): void {
    this.#call('mlockall', flags)
  }

  munlockall(): void {
    this.#call('munlockall')
  }

  mseal(address: bigint, length: number, flags: number): void {
    this.#call('mseal', address, length, flags)
  }

  #call(name: PlaySystemCall, ...values: (number | bigint)[]): number {
    return resultOf(name, this.#served.call(name, values))
  }
}

/** What a call returned. Throws `VmError` of its error number. */
export function resultOf(name: string, served: Served): number {
  if (served.kind !== 'done') throw new UnknownError('the call waits for the userfaultfd')
  if (served.result < 0 && served.result >= -4095) throw new VmError(served.result, name)
  return served.result
}
