import type { SystemCalls } from '../kernel/system-calls.js'
import { VmError } from '../vocabulary/vm-error.js'
import { addon } from './addon/addon.js'
import { checkAdvice } from './addon/check-advice.js'
import { checkWait } from './addon/check-wait.js'

/** The memory system calls of this process. */
export class LinuxSystemCalls implements SystemCalls {
  readonly #addon = addon()

  mmap(address: bigint, length: number, protection: number, flags: number, descriptor: number, offset: number): bigint {
    return BigInt(
      checkRange(this.#addon.mmap(address, length, protection, flags, descriptor, offset), 'mmap', address, length),
    )
  }

  munmap(address: bigint, length: number): void {
    checkRange(this.#addon.munmap(address, length), 'munmap', address, length)
  }

  mprotect(address: bigint, length: number, protection: number): void {
    checkRange(this.#addon.mprotect(address, length, protection), 'mprotect', address, length)
  }

  mremap(oldAddress: bigint, oldLength: number, newLength: number, flags: number, newAddress = 0n): bigint {
    const answer = this.#addon.mremap(oldAddress, oldLength, newLength, flags, newAddress)
    return BigInt(checkRange(answer, 'mremap', oldAddress, newLength))
  }

  madvise(address: bigint, length: number, advice: number): void {
    checkAdvice(this.#addon.madvise(address, length, advice), advice, { address, length })
  }

  msync(address: bigint, length: number, flags: number): void {
    checkRange(this.#addon.msync(address, length, flags), 'msync', address, length)
  }

  mlock(address: bigint, length: number): void {
    checkRange(this.#addon.mlock(address, length), 'mlock', address, length)
  }

  mlock2(address: bigint, length: number, flags: number): void {
    checkRange(this.#addon.mlock2(address, length, flags), 'mlock2', address, length)
  }

  munlock(address: bigint, length: number): void {
    checkRange(this.#addon.munlock(address, length), 'munlock', address, length)
  }

  mlockall(flags: number): void {
    checkRange(this.#addon.mlockall(flags), 'mlockall', 0n, 0)
  }

  munlockall(): void {
    checkRange(this.#addon.munlockall(), 'munlockall', 0n, 0)
  }

  mincore(address: bigint, length: number, vector: Uint8Array): void {
    checkRange(this.#addon.mincore(address, length, vector), 'mincore', address, length)
  }

  mseal(address: bigint, length: number, flags: number): void {
    checkRange(this.#addon.mseal(address, length, flags), 'mseal', address, length)
  }
}

function checkRange(answer: number, syscall: string, address: bigint, length: number): number {
  if (answer < 0) throw new VmError(checkWait(answer, address, length), syscall, { address, length })
  return answer
}
