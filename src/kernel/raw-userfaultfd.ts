import type { RawFailedFault } from './raw-failed-fault.js'
import type { RawUnanswered } from './raw-unanswered.js'

/**
 * One userfaultfd, raw: each call is one ioctl and returns a code instead of throwing, because the loop that serves faults must not
 * allocate. For the same reason an address may be a number, which is exact below 2^53.
 *
 * A resolving call returns 0 or a negative error number. `done` is the number of bytes done in either case, and never negative. Where the
 * kernel made progress and returned `EAGAIN` alone, the code is `-EAGAIN`, and the next call, from `done` on, returns the reason.
 * `-EDEADLK` means that the call would wait for a fault that only this thread could answer. A number that is no whole number from 0 on is
 * no address and no length: `-EINVAL`, or `-EFAULT` for the length of a copy.
 */
export interface RawUserfaultfd {
  /** The descriptor, or -1 once closed. */
  readonly descriptor: number
  /** Bytes that the last resolving call did. */
  readonly done: number
  /** The enabled features that are known. 0 before `api`. */
  readonly features: bigint
  /** Whether reading never blocks. One that may block can't be polled either. */
  readonly nonblocking: boolean

  /** `UFFDIO_API`. Throws `VmError`. Enables the requested features and returns all that the kernel has. */
  api(features: bigint): { readonly features: bigint; readonly ioctls: bigint }
  /** `UFFDIO_REGISTER`. Throws `VmError`. Returns the mask of ioctls that the range allows. */
  register(start: bigint, length: number, mode: number): bigint
  /** `UFFDIO_UNREGISTER`. Throws `VmError`. */
  unregister(start: bigint, length: number): void

  /** `UFFDIO_COPY`; `source` is memory of this process. */
  copy(destination: bigint | number, source: Uint8Array, length: number, mode: number): number
  /** `UFFDIO_ZEROPAGE` */
  zeropage(start: bigint | number, length: number, mode: number): number
  /** `UFFDIO_CONTINUE` */
  continue(start: bigint | number, length: number, mode: number): number
  /** `UFFDIO_POISON` */
  poison(start: bigint | number, length: number, mode: number): number
  /** `UFFDIO_MOVE` */
  move(destination: bigint | number, source: bigint | number, length: number, mode: number): number
  /** `UFFDIO_WRITEPROTECT` */
  writeprotect(start: bigint | number, length: number, mode: number): number
  /** `UFFDIO_WAKE` */
  wake(start: bigint | number, length: number): number

  /** read(2) of whole messages, 32 bytes each, into `messages`. Returns the bytes, or `-EAGAIN` when there are none. */
  read(messages: Uint8Array): number
  /** Resolves when there is a message to read, the signal aborts, or the userfaultfd is closed. */
  readable(signal?: AbortSignal): Promise<void>
  /**
   * Does what `read` does after blocking the calling thread for up to `milliseconds`. Returns 0 at the timeout and `-EINTR` when
   * `interrupt` was called. Only on a kernel whose threads can wait.
   */
  wait?(messages: Uint8Array, milliseconds: number): number
  /** Ends each `wait` on this userfaultfd, on any thread; for a handle that does not wait now, its next one. */
  interrupt?(): void

  /** A second handle on the same userfaultfd. Throws `VmError`. */
  clone(): RawUserfaultfd
  /** Notes that other code knows the number of the descriptor. */
  expose?(): void
  /** Returns the open descriptor to the caller, who owns it now, and ends this handle. */
  intoDescriptor(): number
  /** Keeps waiters waiting for the next server when this one ends, instead of poisoning. */
  keepWaiting?(): void
  /**
   * Limits each wait to `milliseconds`, 0 for no limit: then the page is poisoned, and the access that waits for it fails, as does each
   * later one. The limit holds for the userfaultfd, through every handle. A thread of the addon enforces it, so that a serving thread that
   * ended or loops can't prevent it:
   *
   * - a fault that was read and is not answered in time fails with `timeout`;
   * - once no handle of a living thread reads, each waiter and each new fault fails at once, with `no-server`, and no other page is
   *   poisoned. With `keepWaiting` the next server has the deadline to read it;
   * - so does each new fault where a message has been left unread for longer than the deadline.
   *
   * This lasts until a thread reads again. A read that finds nothing counts, so a new server reads before it waits. Time in which the
   * process was stopped does not count.
   *
   * The page can still be answered: `continue` and, in a shared memory file, `copy` and `zeropage` go over poison, as `MADV_DONTNEED`
   * removes it; a hole punched into the file does not. A write that waits for a protected page of private memory is woken instead, because
   * poison would lose the content of the page.
   *
   * Throws `VmError`: `EINVAL` for a userfaultfd that may wait in a read, `EOPNOTSUPP` on a kernel without poison (before 6.6).
   */
  setDeadline?(milliseconds: number): void
  /**
   * Sets whether another thread is about to serve: when the present one ends, its waiters and new faults wait for the next, for at most
   * the deadline. When none is expected any more and no thread serves, they fail.
   */
  expectServer?(expected: boolean): void
  /** The faults that failed at the deadline since the last call through any handle, the oldest first. */
  takeFailed?(): RawFailedFault[]
  /**
   * Closes this handle. With the last handle of the userfaultfd, missing pages in its ranges are poisoned, or read as zeros from now on.
   * Losing the last handle poisons.
   */
  close(missing?: 'poison' | 'zero'): void

  /** The faults that wait for an answer. */
  unanswered?(pid?: number): RawUnanswered
  /** `PAGEMAP_SCAN`: the runs of `[start, end)` that were written since the last reset. Throws `VmError`. */
  written?(start: bigint, end: bigint, reset: boolean): { start: bigint; end: bigint }[]
}
