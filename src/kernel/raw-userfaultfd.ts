/**
 * One userfaultfd, raw: each call is one ioctl and answers with a code instead of an exception, because the loop that serves
 * faults must not allocate.
 *
 * A resolving call returns 0 or a negative error number. `done` then holds the bytes that it did, in either case: never a negative
 * number, whatever the kernel wrote there. Where the kernel made progress and said only `EAGAIN`, the code is `-EAGAIN` and the
 * next call, from `done` on, tells why.
 */
export interface RawUserfaultfd {
  /** The descriptor, or -1 once closed. */
  readonly descriptor: number
  /** Bytes that the last resolving call did. */
  readonly done: number

  /** `UFFDIO_API`. Throws `VmError`. Answers with what the kernel has, of which the asked-for is enabled. */
  api(features: bigint): { readonly features: bigint; readonly ioctls: bigint }
  /** `UFFDIO_REGISTER`. Throws `VmError`. Returns the mask of ioctls that the range allows. */
  register(start: bigint, length: number, mode: number): bigint
  /** `UFFDIO_UNREGISTER`. Throws `VmError`. */
  unregister(start: bigint, length: number): void

  /** `UFFDIO_COPY`; `source` is memory of this process. */
  copy(destination: bigint, source: Uint8Array, length: number, mode: number): number
  /** `UFFDIO_ZEROPAGE` */
  zeropage(start: bigint, length: number, mode: number): number
  /** `UFFDIO_CONTINUE` */
  continue(start: bigint, length: number, mode: number): number
  /** `UFFDIO_POISON` */
  poison(start: bigint, length: number, mode: number): number
  /** `UFFDIO_MOVE` */
  move(destination: bigint, source: bigint, length: number, mode: number): number
  /** `UFFDIO_WRITEPROTECT` */
  writeprotect(start: bigint, length: number, mode: number): number
  /** `UFFDIO_WAKE` */
  wake(start: bigint, length: number): number

  /** read(2) of whole messages, 32 bytes each, into `messages`. Returns the bytes, or `-EAGAIN` when there are none. */
  read(messages: Uint8Array): number
  /** Resolves when there is something to read, or the signal aborts. */
  readable(signal?: AbortSignal): Promise<void>
  close(): void
}
