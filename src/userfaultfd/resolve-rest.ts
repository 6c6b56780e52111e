import { ERRNO_RESULT } from '../vocabulary/errno-result.js'
import { checks } from './checks.js'
import type { HeldUserfaultfd } from './held-userfaultfd.js'
import type { UffdAddress } from './uffd-address.js'

const syscalls = { zeropage: 'UFFDIO_ZEROPAGE', continue: 'UFFDIO_CONTINUE', poison: 'UFFDIO_POISON' } as const

/** A resolving call whose first attempt returned `code`. */
interface Attempt {
  readonly address: UffdAddress
  readonly length: number
  readonly mode: number
  readonly code: number
}

/**
 * Finishes a call of userfaultfd (`UFFDIO_COPY`, `UFFDIO_MOVE`, …) that did only a part. The kernel returns `EAGAIN` for it, without the
 * reason. The call is repeated for the rest until all is done or the kernel returns another error, which is thrown with the bytes done.
 */
export const resolveRest = {
  copy(held: HeldUserfaultfd, attempt: Attempt, data: Uint8Array): void {
    const { address, length, mode } = attempt
    finish(held, 'UFFDIO_COPY', attempt, (done) =>
      held.raw.copy(plus(address, done), data.subarray(done), length - done, mode),
    )
  },

  move(held: HeldUserfaultfd, attempt: Attempt, source: UffdAddress): void {
    const { address, length, mode } = attempt
    // A number that is none of an address is only found here.
    checks.move(address, source, length)
    finish(held, 'UFFDIO_MOVE', attempt, (done) =>
      held.raw.move(plus(address, done), plus(source, done), length - done, mode),
    )
  },

  install(held: HeldUserfaultfd, attempt: Attempt, operation: keyof typeof syscalls): void {
    const { address, length, mode } = attempt
    finish(held, syscalls[operation], attempt, (done) => held.raw[operation](plus(address, done), length - done, mode))
  },
}

function finish(
  held: HeldUserfaultfd,
  syscall: string,
  { address, length, code }: Attempt,
  again: (done: number) => number,
): void {
  const { raw } = held
  let done = raw.done
  for (let last = code; last !== 0; done += raw.done) {
    if (last !== ERRNO_RESULT.EAGAIN || raw.done === 0) throw held.error(last, syscall, address, length, done)
    last = again(done)
  }
}

function plus(address: UffdAddress, offset: number): UffdAddress {
  return typeof address === 'number' ? address + offset : address + BigInt(offset)
}
