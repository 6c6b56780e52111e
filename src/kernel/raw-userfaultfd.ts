import type { RawFailedFault } from './raw-failed-fault.js'
import type { RawUnanswered } from './raw-unanswered.js'

/**
 * One userfaultfd, raw: each call is one ioctl and answers with a code instead of an exception, because the loop that serves
 * faults must not allocate. For the same reason an address may be a number, which is exact below 2^53.
 *
 * A resolving call returns 0 or a negative error number. `done` then holds the bytes that it did, in either case: never a negative
 * number, whatever the kernel wrote there. Where the kernel made progress and said only `EAGAIN`, the code is `-EAGAIN` and the
 * next call, from `done` on, tells why. `-EDEADLK` says that the call would wait for a fault that only this thread could answer.
 */
export interface RawUserfaultfd {
  /** The descriptor, or -1 once closed. */
  readonly descriptor: number
  /** Bytes that the last resolving call did. */
  readonly done: number
  /** The features that are on, as far as they are known. 0 before `api`. */
  readonly features: bigint
  /** Whether reading waits for nobody. One that may wait can't be polled either. */
  readonly nonblocking: boolean

  /** `UFFDIO_API`. Throws `VmError`. Answers with what the kernel has, of which the asked-for is enabled. */
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
  /** Resolves when there is something to read, the signal aborts, or the userfaultfd is closed. */
  readable(signal?: AbortSignal): Promise<void>
  /**
   * `read`, which stops the calling thread for up to so many milliseconds first. Returns 0 when the time is over and `-EINTR` when
   * `interrupt` was called. Only on a kernel whose threads can wait.
   */
  wait?(messages: Uint8Array, milliseconds: number): number
  /** Ends each `wait` on this userfaultfd, on whatever thread, and where a handle does not wait now, its next one. */
  interrupt?(): void

  /** A second handle on the same userfaultfd. Throws `VmError`. */
  clone(): RawUserfaultfd
  /** Says that the number of the descriptor is known to others from now on. */
  expose?(): void
  /** Gives the descriptor out: it stays open, whoever adopts it has it, and this handle is closed. */
  intoDescriptor(): number
  /** Nobody who ends has to leave poison behind: who waits goes on waiting for the next that serves. */
  keepWaiting?(): void
  /**
   * From now on nobody waits for longer than so many milliseconds, 0 for ever: the kernel is told to poison the page, and the access
   * that waits for it, and each later one, is told a fault instead of hanging. It holds for the userfaultfd, whatever the handle, and
   * a thread of its own sees to it, so that neither a serving thread that ended nor one that loops for ever can prevent it:
   *
   * - a fault that was read and is not answered in time fails with `timeout`;
   * - once no handle of a living thread reads any more, what waits and each new fault fails at once, with `no-server`, and no more is
   *   poisoned than that. With `keepWaiting` it has as long as the deadline to be read by the next that serves;
   * - so does each new fault where there has been something to read for longer than the deadline and nobody read it.
   *
   * Until somebody reads again: a read that finds nothing counts, so who begins to serve reads before he waits. Time in which the
   * process was stopped does not count.
   *
   * The page can still be answered: `continue` and, in a shared memory file, `copy` and `zeropage` go over poison, as `MADV_DONTNEED`
   * takes it away; a hole punched into the file does not. A write that waits for a protected page of private memory is let go on, since
   * poison would lose what is in the page.
   *
   * Throws `VmError`: `EINVAL` for a userfaultfd that may wait in a read, `EOPNOTSUPP` on a kernel without poison (before 6.6).
   */
  setDeadline?(milliseconds: number): void
  /**
   * Whether another thread is about to serve: who waits, and who comes, when the one that does ends is left to wait for it, for as long as
   * the deadline. When none is expected any more and nobody serves, they fail.
   */
  expectServer?(expected: boolean): void
  /** The faults that were failed for the deadline and not taken yet, the oldest first; they are kept for whichever handle asks first. */
  takeFailed?(): RawFailedFault[]
  /**
   * Closes this handle. With the last handle of the userfaultfd, what is missing in its ranges is poisoned, or reads as zeros from now
   * on. Losing the last handle poisons.
   */
  close(missing?: 'poison' | 'zero'): void

  /** Who waits for an answer. */
  unanswered?(pid?: number): RawUnanswered
  /** `PAGEMAP_SCAN`: the runs of `[start, end)` that were written since the last reset. Throws `VmError`. */
  written?(start: bigint, end: bigint, reset: boolean): { start: bigint; end: bigint }[]
}
