import type { FileOperations } from '#vmarea/kernel/file-operations.js'
import { madvise } from '#vmarea/model/calls/madvise.js'
import { mincore } from '#vmarea/model/calls/mincore.js'
import { mlock } from '#vmarea/model/calls/mlock.js'
import { mlockall, munlockall } from '#vmarea/model/calls/mlockall.js'
import { mmap } from '#vmarea/model/calls/mmap.js'
import { mprotect } from '#vmarea/model/calls/mprotect.js'
import { mremap } from '#vmarea/model/calls/mremap.js'
import { mseal } from '#vmarea/model/calls/mseal.js'
import { msync } from '#vmarea/model/calls/msync.js'
import { munlock } from '#vmarea/model/calls/munlock.js'
import { munmap } from '#vmarea/model/calls/munmap.js'
import { handleFault } from '#vmarea/model/faults/handle-fault.js'
import { addSeals } from '#vmarea/model/files/add-seals.js'
import { truncate } from '#vmarea/model/files/truncate.js'
import { writeFile } from '#vmarea/model/files/write-file.js'
import { Driver } from '#vmarea/model/hooks/driver.js'
import { vmFlagsOf } from '#vmarea/model/hooks/vm-flags-of.js'
import { checkInvariants } from '#vmarea/model/process/check-invariants.js'
import { forkMm } from '#vmarea/model/process/fork-mm.js'
import { ACCESS } from '#vmarea/model/structs/access.js'
import { addressOrError } from '#vmarea/model/structs/address-or-error.js'
import { FAULT_RESULT } from '#vmarea/model/structs/fault-result.js'
import { Inode, type InodeKind } from '#vmarea/model/structs/inode.js'
import { Machine } from '#vmarea/model/structs/machine.js'
import { Mm } from '#vmarea/model/structs/mm.js'
import { OpenFile } from '#vmarea/model/structs/open-file.js'
import { PTE } from '#vmarea/model/structs/pte.js'
import { Uffd } from '#vmarea/model/structs/uffd.js'
import { VM_FLAG } from '#vmarea/model/structs/vm-flag.js'
import { uffdClose } from '#vmarea/model/userfaultfd/uffd-close.js'
import { uffdFill } from '#vmarea/model/userfaultfd/uffd-fill.js'
import { uffdMove } from '#vmarea/model/userfaultfd/uffd-move.js'
import { uffdRange } from '#vmarea/model/userfaultfd/uffd-range.js'
import { uffdRegister } from '#vmarea/model/userfaultfd/uffd-register.js'
import { uffdUnregister } from '#vmarea/model/userfaultfd/uffd-unregister.js'
import { uffdWriteProtect } from '#vmarea/model/userfaultfd/uffd-write-protect.js'
import { writtenPages } from '#vmarea/model/userfaultfd/written-pages.js'
import { ERRNO_RESULT } from '#vmarea/vocabulary/errno-result.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { ARENA } from './arena.js'
import type { Call } from './call.js'
import { packetRing, perfEvent, uring } from './drivers.js'
import type { Host } from './host.js'

/** What `UFFDIO_COPY` copies. */
const copied = new Uint8Array(ARENA.PAGES * ARENA.PAGE).fill(0x98)
/** The signal and its code for each outcome of a fault, as `kernel.c` writes them. */
const signals = new Map<number, number>([
  [FAULT_RESULT.NOT_MAPPED, 11 * 16 + 1],
  [FAULT_RESULT.NOT_PERMITTED, 11 * 16 + 2],
  [FAULT_RESULT.PROTECTION_KEY, 11 * 16 + 4],
  [FAULT_RESULT.NO_PAGE, 7 * 16 + 2],
  // BUS_ADRERR
  [FAULT_RESULT.POISONED, 7 * 16 + 2],
])
/** The same where the kernel handles memory failures: BUS_MCEERR_AR. */
const signalsWithFailures = new Map([...signals, [FAULT_RESULT.POISONED, 7 * 16 + 4]])
/** The two halves of a flag word as smaps shows it. */
const shownFlags = new Map<number, readonly [number, number]>()

/** One sequence on the model: runs calls and writes, after each, the record that `kernel.c` writes. */
export class ModelSide {
  readonly machine: Machine
  mm: Mm
  readonly #all: Mm[]
  readonly #slots: (OpenFile | undefined)[] = []
  readonly #inodes: Inode[] = []
  /** Flags that smaps does not show: the protection key, and guards where the kernel has no flag for them. */
  readonly #hidden: number
  readonly #signals: ReadonlyMap<number, number>
  #uffd: Uffd | undefined
  /** All that have told events, in the order that the reader of `kernel.c` got them. */
  readonly #uffds: Uffd[] = []
  #out = Buffer.alloc(1 << 16)
  #used = 0

  constructor({
    memory,
    protectionKeys,
    guardFlag = true,
    executableSockets = false,
    executablePipes = false,
    memoryFailures = false,
  }: Pick<Host, 'memory' | 'protectionKeys'> & Partial<Host>) {
    this.machine = new Machine({ memory, mmapMinAddress: 4096, protectionKeys, seed: 1 })
    const limits = { addressSpace: Infinity, data: Infinity, lockedMemory: 8 << 20, stack: 8 << 20 }
    this.mm = new Mm(this.machine, limits, ['CAP_IPC_LOCK', 'CAP_SYS_RAWIO', 'CAP_SYS_ADMIN'])
    this.#all = [this.mm]
    this.#signals = memoryFailures ? signalsWithFailures : signals
    this.#hidden = VM_FLAG.EXECUTE_ONLY | (guardFlag ? 0 : VM_FLAG.MAYBE_GUARD)
    for (const [from, to] of [
      [4096, ARENA.START],
      [ARENA.END, this.machine.taskSize],
    ] as const) {
      mmap(this.mm, from, to - from, 0, MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE | MAP.FIXED, undefined, 0)
      mseal(this.mm, from, to - from, 0)
    }
    const first = this.#file('memory', 12 * ARENA.PAGE)
    const second = this.#file('memory', 5 * ARENA.PAGE + 100)
    const pipe = this.#file('other', 0)
    pipe.noExec = !executablePipes
    const root = this.#file('directory', 0)
    this.#slots = [
      new OpenFile(first, true, true),
      new OpenFile(first, true, false),
      new OpenFile(second, true, true),
      new OpenFile(second, false, true),
      new OpenFile(pipe, true, false),
      new OpenFile(root, true, false),
    ]
    this.#slots[8] = this.#device(packetRing(this.machine))
    this.#slots[8].inode.noExec = !executableSockets
    this.#slots[9] = this.#device(uring(this.machine))
    this.#slots[10] = this.#device(perfEvent(this.machine))
    this.#inodes = [first, second]
    for (let page = 0; page < 12; page += 2) {
      for (const slot of [0, 2]) {
        if (page < (slot ? 5 : 12)) writeFile(this.#slots[slot]!, page * ARENA.PAGE, Uint8Array.of(0x90))
      }
    }
  }

  #file(kind: InodeKind, size: number): Inode {
    const inode = new Inode(this.machine, kind, '', true)
    inode.size = size
    return inode
  }

  #device(operations: FileOperations): OpenFile {
    const inode = this.#file('device', 0)
    const run = { least: ARENA.PAGE, most: ARENA.PAGE }
    new Driver(inode, operations, { timeout: Infinity, run, residentLimit: Infinity })
    inode.noExec = true
    return new OpenFile(inode, true, true)
  }

  /** Throws if what the last calls left is not sound. */
  check(): void {
    checkInvariants(this.machine, this.#all)
  }

  /** Runs a call and returns its record, good until the next call. */
  run(call: Call): Uint8Array {
    this.#used = 0
    let value = 0
    let result: number
    const [name, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = call
    const { mm } = this
    switch (name) {
      case 'mmap':
        result = mmap(mm, addressOrError(BigInt(a)), b, c, d, this.#slots[e], f)
        break
      case 'munmap':
        result = munmap(mm, a, b)
        break
      case 'mprotect':
        result = mprotect(mm, a, b, c)
        break
      case 'mremap':
        result = mremap(mm, a, b, c, d, e)
        break
      case 'madvise':
        result = madvise(mm, a, b, c)
        break
      case 'mlock2':
        result = mlock(mm, a, b, c)
        break
      case 'munlock':
        result = munlock(mm, a, b)
        break
      case 'msync':
        result = msync(mm, a, b, c)
        break
      case 'mincore':
        result = mincore(mm, a, b, new Uint8Array(2 * ARENA.PAGES))
        break
      case 'mseal':
        result = mseal(mm, a, b, c)
        break
      case 'mlockall':
        result = mlockall(mm, a)
        break
      case 'munlockall':
        result = munlockall(mm)
        break
      case 'read':
        result = this.#touch(a, ACCESS.READ)
        if (result === 0) value = this.#page(a)?.bytes[a % ARENA.PAGE] ?? 0
        break
      case 'write':
        result = this.#touch(a, ACCESS.WRITE)
        if (result === 0) this.#page(a)!.bytes[a % ARENA.PAGE] = b
        break
      case 'touch':
        result = this.#touch(a, ACCESS.READ)
        break
      case 'execute':
        result = this.#touch(a, ACCESS.EXECUTE)
        break
      case 'fork': {
        const child = forkMm(mm)
        if (typeof child === 'number') {
          result = child
          break
        }
        this.#all.push(child)
        if (this.#uffd !== undefined) this.#uffd.handles++
        if (a === 0) this.mm = child
        result = 0
        break
      }
      case 'ftruncate':
        // do_sys_ftruncate: before the descriptor is looked at.
        result = b >= 2 ** 63 ? ERRNO_RESULT.EINVAL : this.#withFile(a, (file) => truncate(file, b))
        break
      case 'pwrite':
        // ksys_pwrite64
        result = b >= 2 ** 63 ? ERRNO_RESULT.EINVAL : this.#withFile(a, (file) => writeFile(file, b, Uint8Array.of(c)))
        break
      case 'addSeals':
        result = this.#withFile(a, (file) => addSeals(file, b))
        break
      case 'close':
        if (a === 7) {
          result = this.#uffd === undefined ? ERRNO_RESULT.EBADF : 0
          // A process that forked, or was, has the descriptor as well.
          if (this.#uffd !== undefined && --this.#uffd.handles === 0) uffdClose(this.#uffd, b === 0 ? 'zero' : 'poison')
          this.#uffd = undefined
          break
        }
        result = this.#withFile(a, () => 0)
        this.#slots[a]?.put()
        this.#slots[a] = undefined
        break
      case 'limit': {
        const { limits } = mm
        if (a === 0) {
          mm.capabilities.delete('CAP_IPC_LOCK')
          limits.lockedMemory = b * ARENA.PAGE
        } else if (a === 1) {
          limits.data = (mm.data + b) * ARENA.PAGE
        } else {
          limits.addressSpace = (mm.total + b) * ARENA.PAGE
        }
        result = 0
        break
      }
      case 'crowd':
        // The kernel has areas of its own to count.
        ;(this.machine as { maxMapCount: number }).maxMapCount = mm.tree.size + a
        result = 0
        break
      case 'uffdOpen':
        result = this.#uffd === undefined ? 0 : ERRNO_RESULT.EBUSY
        if (this.#uffd === undefined) {
          this.#uffd = new Uffd(mm)
          this.#uffd.features = BigInt(a & 0x8000 ? a | 0x2000 : a)
          this.#uffds.push(this.#uffd)
        }
        break
      case 'uffdRegister':
        result = this.#withUffd((uffd) => uffdRegister(uffd, a, b, c))
        break
      case 'uffdUnregister':
        result = this.#withUffd((uffd) => uffdUnregister(uffd, a, b))
        break
      case 'uffdWriteprotect':
        result = this.#withUffd((uffd) => uffdWriteProtect(uffd, a, b, c))
        break
      case 'uffdWake':
        result = this.#withUffd((uffd) => uffdRange(uffd.mm, a, b))
        break
      case 'uffdWritten':
        result = this.#withUffd(() => {
          const runs: { start: number; end: number }[] = []
          const error = writtenPages(mm, a, a + b, c !== 0, runs)
          if (error !== 0) return error
          for (const { start, end } of runs) {
            for (let at = start; at < end; at += ARENA.PAGE) value += 2 ** ((at - ARENA.START) / ARENA.PAGE)
          }
          return runs.length
        })
        break
      case 'uffdMove':
        result = this.#withUffd((uffd) => {
          if (uffd.mm !== mm) return ERRNO_RESULT.EINVAL
          const moved = uffdMove(uffd, a, b, c, d)
          value = moved.done
          return moved.error
        })
        break
      case 'uffdCopy':
      case 'uffdZeropage':
      case 'uffdContinueOrPoison': {
        const how = name === 'uffdCopy' ? 'copy' : name === 'uffdZeropage' ? 'zero' : d ? 'poison' : 'continue'
        result = this.#withUffd((uffd) => {
          const filled = uffdFill(uffd, a, b, c, how, copied)
          value = filled.done
          return filled.error
        })
        break
      }
      default:
        throw new Error(`the model does not know ${name}`)
    }
    this.#putState(result, value)
    return this.#out.subarray(0, this.#used)
  }

  #withFile(slot: number, act: (file: OpenFile) => number): number {
    const file = this.#slots[slot]
    return file === undefined ? ERRNO_RESULT.EBADF : act(file)
  }

  #withUffd(act: (uffd: Uffd) => number): number {
    return this.#uffd === undefined ? ERRNO_RESULT.EBADF : act(this.#uffd)
  }

  #touch(address: number, access: number): number {
    const fault = handleFault(this.mm, address, access)
    return fault === FAULT_RESULT.DONE ? 0 : -1000 - this.#signals.get(fault)!
  }

  #page(address: number) {
    return this.mm.tables.page(Math.floor(address / ARENA.PAGE))
  }

  #putState(result: number, value: number): void {
    const { mm } = this
    this.#put64(result)
    this.#put64(value)
    const countAt = this.#used
    this.#used += 8
    let count = 0
    for (let vma = mm.tree.find(ARENA.START); vma !== undefined && vma.start < ARENA.END; vma = mm.tree.next(vma)) {
      count++
      this.#put64(Math.max(vma.start, ARENA.START))
      this.#put64(Math.min(vma.end, ARENA.END))
      const shown = vma.flags & ~this.#hidden
      const key = vma.sealed ? shown + 2 ** 33 : shown
      let halves = shownFlags.get(key)
      if (halves === undefined) {
        const flags = vmFlagsOf(shown, vma.sealed)
        halves = [Number(flags & 0xffff_ffffn), Number(flags >> 32n)]
        shownFlags.set(key, halves)
      }
      this.#out.writeUInt32LE(halves[0], this.#used)
      this.#out.writeUInt32LE(halves[1], this.#used + 4)
      this.#used += 8
      const inode = vma.file?.inode
      this.#put64(inode === undefined ? 0 : vma.pgoff * ARENA.PAGE)
      this.#put64(inode === undefined ? 0 : inode === this.#inodes[0] ? 1 : inode === this.#inodes[1] ? 3 : 99)
      let anonymous = 0
      mm.tables.visit(vma.start / ARENA.PAGE, vma.end / ARENA.PAGE, (_page, table, index) => {
        if (table.bits[index]! & PTE.PRESENT && table.pages[index]!.kind === 'anonymous') anonymous += 4
      })
      this.#put64(anonymous)
    }
    this.#out.writeUInt32LE(count, countAt)
    this.#out.writeUInt32LE(0, countAt + 4)
    const one = new Uint8Array(1)
    for (let page = 0; page < ARENA.PAGES; page++) {
      const error = mincore(mm, ARENA.START + page * ARENA.PAGE, ARENA.PAGE, one)
      this.#out[this.#used++] = error === 0 ? one[0]! : 2
    }
    this.#putEvents()
  }

  /** Reads what userfaultfds tell, as whoever serves them would have done while the call waited. */
  #putEvents(): void {
    const countAt = this.#used
    this.#put64(0)
    let count = 0
    for (const [index, uffd] of this.#uffds.entries()) {
      for (const { code, words, child } of uffd.events.splice(0)) {
        this.#put64(index)
        this.#put64(code)
        for (const word of words) this.#put64(word)
        if (child !== undefined) this.#uffds.push(child)
        if (child?.mm === this.mm) this.#uffd = child
        count++
      }
    }
    this.#out.writeUInt32LE(count, countAt)
  }

  #put64(value: number): void {
    const high = Math.floor(value / 2 ** 32)
    this.#out.writeUInt32LE(value - high * 2 ** 32, this.#used)
    // From 2^63 on, which the offset of a map that has grown may reach, as from below 0.
    this.#out.writeInt32LE(high | 0, this.#used + 4)
    this.#used += 8
  }
}
