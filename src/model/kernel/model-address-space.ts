import type { AddressSpace, PageRun } from '../../kernel/address-space.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { faultIn } from '../faults/fault-in.js'
import { withdrawFault } from '../faults/withdraw-fault.js'
import { ModelArea } from '../hooks/model-area.js'
import { tearDown } from '../process/tear-down.js'
import { addressOf } from '../structs/address-of.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import type { ModelSystemCalls } from './model-system-calls.js'

/** Pages in the same state, by number. */
interface StateRun {
  readonly first: number
  end: number
  readonly state: number
}

/** The raw `mm_struct` of a modelled process. */
export class ModelAddressSpace implements AddressSpace {
  readonly pid: number
  readonly scansPages = true
  readonly knownPageStates =
    PAGE_STATE.PRESENT |
    PAGE_STATE.SWAPPED |
    PAGE_STATE.FILE |
    PAGE_STATE.ZERO |
    PAGE_STATE.WRITE_PROTECTED |
    PAGE_STATE.GUARD
  readonly #mm: Mm
  readonly #calls: ModelSystemCalls

  constructor(mm: Mm, pid: number, calls: ModelSystemCalls) {
    this.#mm = mm
    this.#calls = calls
    this.pid = pid
    mm.addressSpace = this
  }

  tryGet(): boolean {
    if (this.#mm.users === 0) return false
    this.#mm.users++
    return true
  }

  /** Tears the memory down when the last user is gone. */
  put(): void {
    if (--this.#mm.users === 0) tearDown(this.#mm)
  }

  get guards(): string[] {
    return this.#mm.guards
  }

  readLock(): void {
    if (this.tryReadLock()) return
    throw new VmError('EDEADLK', 'mmap_read_lock', {
      hint: 'an mmap hook is running, which holds the lock for writing',
    })
  }

  tryReadLock(): boolean {
    if (this.#mm.hooks > 0) return false
    this.#mm.readers++
    return true
  }

  readUnlock(): void {
    this.#mm.readers--
  }

  lookup(address: bigint): ModelArea | undefined {
    const vma = this.#mm.tree.lookup(addressOf(address))
    return vma === undefined ? undefined : ModelArea.of(vma)
  }

  *areas(from: bigint, to: bigint): Generator<ModelArea> {
    for (const vma of this.#vmas(from, to)) yield ModelArea.of(vma)
  }

  *pages(from: bigint, to: bigint): Generator<PageRun> {
    const { pageSize } = this.#mm
    const run = ({ first, end, state }: StateRun) => ({
      start: BigInt(first * pageSize),
      end: BigInt(end * pageSize),
      state,
    })
    let last: StateRun | undefined
    for (const next of this.#states(from, to)) {
      if (last?.end === next.first && last.state === next.state) {
        last.end = next.end
        continue
      }
      if (last !== undefined) yield run(last)
      last = next
    }
    if (last !== undefined) yield run(last)
  }

  /** The runs of states by address; neighbours may have the same state. `pagemap_scan_test_walk` skips bare frames. */
  *#states(from: bigint, to: bigint): Generator<StateRun> {
    const { pageSize, tables } = this.#mm
    for (const vma of this.#vmas(from, to)) {
      if (vma.flags & VM_FLAG.PFNMAP) continue
      let at = Math.floor(Math.max(vma.start, addressOf(from)) / pageSize)
      const end = Math.ceil(Math.min(vma.end, addressOf(to)) / pageSize)
      const entries: number[] = []
      tables.visit(at, end, (page) => entries.push(page))
      for (const page of entries.sort((one, other) => one - other)) {
        if (page > at) yield { first: at, end: page, state: 0 }
        yield { first: page, end: page + 1, state: this.#stateOf(page) }
        at = page + 1
      }
      if (at < end) yield { first: at, end, state: 0 }
    }
  }

  /** process_vm_readv(2): fails without a signal, also where a device's memory must not be read. */
  readMemory(address: bigint, target: Uint8Array): number {
    const mm = this.#mm
    if (mm.users === 0) throw new VmError('ESRCH', 'process_vm_readv')
    const start = addressOf(address)
    for (let done = 0; done < target.length; ) {
      const at = start + done
      const vma = mm.tree.lookup(at)
      mm.withdrawFault = undefined
      const refused = vma === undefined || vma.flags & (VM_FLAG.IO | VM_FLAG.PFNMAP) || !(vma.flags & VM_FLAG.READ)
      if (refused || faultIn(vma, at, false) !== FAULT_RESULT.DONE) {
        withdrawFault(mm, address, target.length)
        if (done === 0) throw new VmError('EFAULT', 'process_vm_readv', { address, length: target.length })
        return done
      }
      const inPage = at % mm.pageSize
      const length = Math.min(mm.pageSize - inPage, target.length - done)
      const page = mm.tables.page(Math.floor(at / mm.pageSize))!
      if (page.touched) target.set(page.bytes.subarray(inPage, inPage + length), done)
      else target.fill(0, done, done + length)
      done += length
    }
    return target.length
  }

  /** process_madvise(2) on one range. */
  advise(address: bigint, length: number, advice: number): number {
    if (this.#mm.users === 0) throw new VmError('ESRCH', 'process_madvise')
    this.#calls.madvise(address, length, advice)
    return length
  }

  *#vmas(from: bigint, to: bigint): Generator<Vma> {
    const { tree } = this.#mm
    const end = addressOf(to)
    for (let vma = tree.find(addressOf(from)); vma !== undefined && vma.start < end; vma = tree.next(vma)) yield vma
  }

  #stateOf(page: number): number {
    const { tables } = this.#mm
    const bits = tables.bits(page)
    let state = 0
    if (bits & PTE.PRESENT) {
      state = PAGE_STATE.PRESENT
      if (bits & PTE.ZERO) state |= PAGE_STATE.ZERO
      else if (tables.page(page)!.kind !== 'anonymous') state |= PAGE_STATE.FILE
    } else if (bits !== 0) {
      state = PAGE_STATE.SWAPPED
    }
    if (bits & PTE.UFFD_WP) state |= PAGE_STATE.WRITE_PROTECTED
    if (bits & PTE.GUARD) state |= PAGE_STATE.GUARD
    return state
  }
}
