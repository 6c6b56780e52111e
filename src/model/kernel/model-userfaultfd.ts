import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD_FEATURE } from '../../vocabulary/uffd-feature.js'
import { UFFD_IOCTL } from '../../vocabulary/uffd-ioctl.js'
import { UFFD_MODE } from '../../vocabulary/uffd-mode.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addressOf } from '../structs/address-of.js'
import type { Uffd } from '../structs/uffd.js'
import { uffdClose } from '../userfaultfd/uffd-close.js'
import { type UffdFill, uffdFill } from '../userfaultfd/uffd-fill.js'
import { uffdMove } from '../userfaultfd/uffd-move.js'
import { uffdRange } from '../userfaultfd/uffd-range.js'
import { uffdRegister } from '../userfaultfd/uffd-register.js'
import { uffdUnregister } from '../userfaultfd/uffd-unregister.js'
import { uffdWriteProtect } from '../userfaultfd/uffd-write-protect.js'
import { writtenPages } from '../userfaultfd/written-pages.js'
import type { ModelUserfaultfds } from './model-userfaultfds.js'

/** The features of the model: all but those of huge pages and thread numbers. */
const offered =
  UFFD_FEATURE.PAGEFAULT_FLAG_WP |
  UFFD_FEATURE.EVENT_FORK |
  UFFD_FEATURE.EVENT_REMAP |
  UFFD_FEATURE.EVENT_REMOVE |
  UFFD_FEATURE.EVENT_UNMAP |
  UFFD_FEATURE.MISSING_SHMEM |
  UFFD_FEATURE.MINOR_SHMEM |
  UFFD_FEATURE.SIGBUS |
  UFFD_FEATURE.WP_HUGETLBFS_SHMEM |
  UFFD_FEATURE.WP_UNPOPULATED |
  UFFD_FEATURE.POISON |
  UFFD_FEATURE.MOVE |
  UFFD_FEATURE.WP_ASYNC

/** One handle on a userfaultfd of a modelled process. */
export class ModelUserfaultfd implements RawUserfaultfd {
  readonly nonblocking = true
  readonly #uffd: Uffd
  readonly #all: ModelUserfaultfds
  #descriptor: number
  #done = 0

  constructor(uffd: Uffd, all: ModelUserfaultfds) {
    this.#uffd = uffd
    this.#all = all
    this.#descriptor = all.install(this)
  }

  /** The userfaultfd of the handle. */
  get context(): Uffd {
    return this.#uffd
  }

  get descriptor(): number {
    return this.#descriptor
  }

  get done(): number {
    return this.#done
  }

  get features(): bigint {
    return this.#uffd.features
  }

  api(features: bigint): { readonly features: bigint; readonly ioctls: bigint } {
    const uffd = this.#uffd
    if (this.#descriptor < 0) throw new VmError('EBADF', 'UFFDIO_API')
    if ((features & UFFD_FEATURE.EVENT_FORK) !== 0n && !this.#all.mm.capabilities.has('CAP_SYS_PTRACE')) {
      throw new VmError('EPERM', 'UFFDIO_API')
    }
    if (uffd.initialized || (features & ~offered) !== 0n) throw new VmError('EINVAL', 'UFFDIO_API')
    uffd.initialized = true
    uffd.features = features
    if (features & UFFD_FEATURE.WP_ASYNC) uffd.features |= UFFD_FEATURE.WP_UNPOPULATED
    return { features: offered, ioctls: UFFD_IOCTL.REGISTER | UFFD_IOCTL.UNREGISTER | UFFD_IOCTL.API }
  }

  register(start: bigint, length: number, mode: number): bigint {
    const error = this.#ready() || uffdRegister(this.#uffd, addressOf(start), length, mode)
    if (error !== 0) throw new VmError(error, 'UFFDIO_REGISTER', { address: start, length })
    let ioctls = UFFD_IOCTL.WAKE | UFFD_IOCTL.COPY | UFFD_IOCTL.ZEROPAGE | UFFD_IOCTL.POISON | UFFD_IOCTL.MOVE
    if (mode & UFFD_MODE.WP) ioctls |= UFFD_IOCTL.WRITEPROTECT
    if (mode & UFFD_MODE.MINOR) ioctls |= UFFD_IOCTL.CONTINUE
    return ioctls
  }

  unregister(start: bigint, length: number): void {
    const error = this.#ready() || uffdUnregister(this.#uffd, addressOf(start), length)
    if (error !== 0) throw new VmError(error, 'UFFDIO_UNREGISTER', { address: start, length })
  }

  copy(destination: bigint | number, source: Uint8Array, length: number, mode: number): number {
    this.#done = 0
    // A source that is too short: refuse it as the addon does.
    if (length > source.length) return this.#descriptor < 0 ? ERRNO_RESULT.EBADF : ERRNO_RESULT.EFAULT
    return this.#fill(destination, length, mode, 'copy', source)
  }

  zeropage(start: bigint | number, length: number, mode: number): number {
    return this.#fill(start, length, mode, 'zero')
  }

  continue(start: bigint | number, length: number, mode: number): number {
    return this.#fill(start, length, mode, 'continue')
  }

  poison(start: bigint | number, length: number, mode: number): number {
    return this.#fill(start, length, mode, 'poison')
  }

  move(destination: bigint | number, source: bigint | number, length: number, mode: number): number {
    this.#done = 0
    const refused = this.#ready()
    if (refused !== 0) return refused
    // Only the process that owns the memory may move pages in it.
    if (this.#uffd.mm !== this.#all.mm) return this.#uffd.changing ? ERRNO_RESULT.EAGAIN : ERRNO_RESULT.EINVAL
    const [to, from] = [placeOf(destination), placeOf(source)]
    const { done, error } = uffdMove(this.#uffd, to, from, length, mode)
    this.#done = done
    return error
  }

  writeprotect(start: bigint | number, length: number, mode: number): number {
    const error = this.#ready() || uffdWriteProtect(this.#uffd, placeOf(start), length, mode)
    this.#done = error === 0 ? length : 0
    return error
  }

  wake(start: bigint | number, length: number): number {
    const from = placeOf(start)
    const error = this.#ready() || uffdRange(this.#uffd.mm, from, length)
    if (error !== 0) return error
    this.#uffd.wake(from, from + length)
    return 0
  }

  read(messages: Uint8Array): number {
    const error = this.#ready()
    if (error !== 0) return error
    if (messages.length < 32) return ERRNO_RESULT.EINVAL
    const { faults, events } = this.#uffd
    let bytes = 0
    while (bytes + 32 <= messages.length) {
      const message = faults.shift() ?? events.shift()
      if (message === undefined) break
      // resolve_userfault_fork: the descriptor is made when the event is read.
      const words = message.child === undefined ? message.words : [this.#all.park(message.child)]
      put(messages, bytes, message.code, words)
      bytes += 32
    }
    return bytes === 0 ? ERRNO_RESULT.EAGAIN : bytes
  }

  readable(signal?: AbortSignal): Promise<void> {
    return this.#descriptor < 0 ? Promise.resolve() : this.#uffd.readable(signal)
  }

  written(start: bigint, end: bigint, reset: boolean): { start: bigint; end: bigint }[] {
    const runs: { start: number; end: number }[] = []
    const error = this.#ready() || writtenPages(this.#all.mm, addressOf(start), addressOf(end), reset, runs)
    if (error !== 0) throw new VmError(error, 'PAGEMAP_SCAN', { address: start, length: Number(end - start) })
    return runs.map((run) => ({ start: BigInt(run.start), end: BigInt(run.end) }))
  }

  clone(): ModelUserfaultfd {
    if (this.#descriptor < 0) throw new VmError('EBADF', 'dup')
    this.#uffd.handles++
    return new ModelUserfaultfd(this.#uffd, this.#all)
  }

  intoDescriptor(): number {
    const descriptor = this.#descriptor
    this.#descriptor = -1
    return this.#all.park(this.#uffd, descriptor)
  }

  close(missing: 'poison' | 'zero' = 'poison'): void {
    if (this.#descriptor < 0) return
    this.#all.remove(this.#descriptor)
    this.#descriptor = -1
    if (--this.#uffd.handles === 0) uffdClose(this.#uffd, missing)
    this.#uffd.wakeReaders()
  }

  #ready(): number {
    if (this.#descriptor < 0) return ERRNO_RESULT.EBADF
    return this.#uffd.initialized ? 0 : ERRNO_RESULT.EINVAL
  }

  #fill(start: bigint | number, length: number, mode: number, how: UffdFill, source?: Uint8Array): number {
    this.#done = 0
    const refused = this.#ready()
    if (refused !== 0) return refused
    const { done, error } = uffdFill(this.#uffd, placeOf(start), length, mode, how, source)
    this.#done = done
    return error
  }
}

/** An address of a raw call. What is no address is NaN, which is no multiple of a page (`EINVAL`). */
function placeOf(address: bigint | number): number {
  if (typeof address === 'bigint') return addressOf(address)
  return address >= 0 ? address : Number.NaN
}

/** `struct uffd_msg` */
function put(messages: Uint8Array, at: number, code: number, words: readonly number[]): void {
  const view = new DataView(messages.buffer, messages.byteOffset + at, 32)
  messages.fill(0, at, at + 32)
  view.setUint8(0, code)
  for (const [index, word] of words.entries()) view.setBigUint64(8 + index * 8, BigInt(word), true)
}
