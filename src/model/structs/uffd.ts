import { UFFD_EVENT_CODE } from '../../vocabulary/uffd-event-code.js'
import { UFFD_FAULT_FLAG } from '../../vocabulary/uffd-fault-flag.js'
import { UFFD_FEATURE } from '../../vocabulary/uffd-feature.js'
import { FAULT_RESULT } from './fault-result.js'
import type { Mm } from './mm.js'
import { VM_FLAG } from './vm-flag.js'
import type { Vma } from './vma.js'

/** One message that has not been read. */
export interface UffdMessage {
  readonly code: number
  /** The three words after the code. */
  readonly words: readonly [number, number, number]
  /** Of a fork: the userfaultfd for which the reader gets a descriptor. */
  readonly child?: Uffd
}

interface Waiter {
  readonly address: number
  readonly resolve: () => void
}

/** `struct userfaultfd_ctx`: the object that the VMAs of one userfaultfd refer to and its handles read from. */
export class Uffd {
  readonly mm: Mm
  /** `UFFD_FEATURE` bits, once `UFFDIO_API` was done. */
  features = 0n
  initialized = false
  /** The number of handles on it. */
  handles = 1
  /** Faults, which are read before events. */
  readonly faults: UffdMessage[] = []
  readonly events: UffdMessage[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #readers = new Set<() => void>()

  constructor(mm: Mm) {
    this.mm = mm
  }

  has(feature: keyof typeof UFFD_FEATURE): boolean {
    return (this.features & UFFD_FEATURE[feature]) !== 0n
  }

  /**
   * `mmap_changing`: the layout has changed and the event has not been read: a page could be put at an address where it no longer
   * belongs.
   */
  get changing(): boolean {
    return this.events.length > 0
  }

  /** Whether a registration moves along with mremap(2). */
  get followsMoves(): boolean {
    return this.has('EVENT_REMAP')
  }

  /** `handle_userfault` for a missing page. */
  missing(_vma: Vma, page: number, write: boolean): number {
    return this.#fault(page, write ? UFFD_FAULT_FLAG.WRITE : 0)
  }

  /** `handle_userfault` for a page that is in the file and not in the page table. */
  minor(_vma: Vma, page: number, write: boolean): number {
    return this.#fault(page, UFFD_FAULT_FLAG.MINOR | (write ? UFFD_FAULT_FLAG.WRITE : 0))
  }

  /** `handle_userfault` for a write to a page that is write-protected. */
  writeProtected(_vma: Vma, page: number): number {
    return this.#fault(page, UFFD_FAULT_FLAG.WP | UFFD_FAULT_FLAG.WRITE)
  }

  /** `madvise_remove`, `MADV_DONTNEED`: `userfaultfd_remove` */
  removed(_vma: Vma, start: number, end: number): void {
    if (this.has('EVENT_REMOVE')) this.#tell({ code: UFFD_EVENT_CODE.REMOVE, words: [start, end, 0] })
  }

  /** `mremap_userfaultfd_prep`: the moved VMA stays registered only with a userfaultfd that gets the event. */
  remapped(target: Vma, from: number, to: number, length: number): void {
    if (this.followsMoves) {
      this.#tell({ code: UFFD_EVENT_CODE.REMAP, words: [from, to, length] })
      return
    }
    target.uffd = undefined
    target.flags &= ~VM_FLAG.UFFD
  }

  /** `dup_userfaultfd`: the userfaultfd that the child's memory is registered with: none, where this one gets no fork events. */
  copyFor(child: Mm): Uffd | undefined {
    if (!this.has('EVENT_FORK')) return undefined
    const copy = new Uffd(child)
    copy.features = this.features
    copy.initialized = true
    return copy
  }

  /** `dup_userfaultfd_complete` */
  forked(child: Uffd): void {
    this.#tell({ code: UFFD_EVENT_CODE.FORK, words: [0, 0, 0], child })
  }

  /** `userfaultfd_unmap_complete`: the event names the whole range that was unmapped, even where only a part of it was registered. */
  unmapped(start: number, end: number): void {
    if (this.has('EVENT_UNMAP')) this.#tell({ code: UFFD_EVENT_CODE.UNMAP, words: [start, end, 0] })
  }

  /** `wake_userfault`: wakes the waiters in `[start, end)`, which try again. */
  wake(start: number, end: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.address < start || waiter.address >= end) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
    const left = this.faults.filter(({ words }) => words[1] < start || words[1] >= end)
    this.faults.splice(0, this.faults.length, ...left)
  }

  /** Resolves when there is a message to read. */
  readable(signal: AbortSignal | undefined): Promise<void> {
    if (this.faults.length + this.events.length > 0 || signal?.aborted || this.handles === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.#readers.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      this.#readers.add(done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }

  /** Ends every wait for a message. */
  wakeReaders(): void {
    for (const done of this.#readers) done()
  }

  #fault(page: number, flags: number): number {
    if (this.has('SIGBUS')) return FAULT_RESULT.NO_PAGE
    const address = page * this.mm.pageSize
    const asked = this.faults.some(({ words }) => words[0] === flags && words[1] === address)
    const waits = [...this.#waiters].some((waiter) => waiter.address === address)
    const message: UffdMessage = { code: UFFD_EVENT_CODE.PAGEFAULT, words: [flags, address, 0] }
    this.mm.waitsFor = new Promise((resolve) => {
      const waiter = { address, resolve: () => resolve(undefined) }
      this.#waiters.add(waiter)
      this.mm.withdrawFault = () => {
        this.#waiters.delete(waiter)
        const at = this.faults.indexOf(message)
        if (at >= 0) this.faults.splice(at, 1)
      }
    })
    if (!asked && !waits) {
      this.faults.push(message)
      this.wakeReaders()
    }
    return FAULT_RESULT.WAITS
  }

  #tell(message: UffdMessage): void {
    this.events.push(message)
    this.wakeReaders()
  }
}
