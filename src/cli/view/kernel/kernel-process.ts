import { type Served, ServedProcess } from '../../../linux/play/served-process.js'
import { COMPARED } from '../../../view/play/compared.js'
import type {
  Memory,
  PlayAccess,
  PlayProcess,
  PlaySystemCalls,
  PlayUserfaultfd,
  Touched,
} from '../../../view/play/play-process.js'
import { byteOutcome, RUNS, signalOutcome, WAITS, WRITTEN } from '../../../view/play/touch-outcome.js'
import { UnknownError } from '../../../view/play/unknown-error.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { ProcessView } from '../process-view.js'
import { KernelCalls, resultOf } from './kernel-calls.js'
import { KernelUserfaultfd } from './kernel-userfaultfd.js'

/** What is given as a place where the call names none: the modelled kernel's choice. */
export interface Places {
  /** Where the model has put what the call that is being made maps or moves. */
  readonly hint: number | undefined
}

const WINDOW = { from: BigInt(COMPARED.from), to: BigInt(COMPARED.to) }
const SIGSEGV = 11
const SIGBUS = 7
const CODES: Readonly<Record<string, string>> = {
  [`${SIGSEGV} 1`]: 'SIGSEGV, SEGV_MAPERR',
  [`${SIGSEGV} 2`]: 'SIGSEGV, SEGV_ACCERR',
  [`${SIGSEGV} 4`]: 'SIGSEGV, SEGV_PKUERR',
  [`${SIGBUS} 2`]: 'SIGBUS, BUS_ADRERR',
  [`${SIGBUS} 4`]: 'SIGBUS: the page is poisoned',
  [`${SIGBUS} 5`]: 'SIGBUS: the page is poisoned',
}
const NAMES: Readonly<Record<number, string>> = { [SIGBUS]: 'SIGBUS', [SIGSEGV]: 'SIGSEGV' }
const { ENOSYS } = ERRNO_RESULT

/** A process of the running kernel, as the playground has it. */
export class KernelProcess implements PlayProcess {
  readonly name: string
  readonly calls: PlaySystemCalls
  readonly #served: ServedProcess
  readonly #places: Places
  readonly #view: ProcessView
  /** Where areas were that are not the program's. */
  readonly #others: readonly (readonly [start: number, end: number])[]
  /** Descriptors by the number that the program has for them. */
  readonly #files: Map<number, number>

  private constructor(
    name: string,
    served: ServedProcess,
    places: Places,
    others: readonly (readonly [start: number, end: number])[] | undefined,
    files: ReadonlyMap<number, number>,
  ) {
    this.name = name
    this.#served = served
    this.#places = places
    this.#files = new Map(files)
    this.calls = new KernelCalls(served, places, (descriptor) => this.#files.get(descriptor) ?? descriptor)
    this.#view = new ProcessView(served.pid)
    this.#others =
      others ??
      this.#view
        .layout()
        .filter(({ startPage }) => startPage * this.pageSize < COMPARED.to)
        .map(({ startPage, endPage }) => [startPage, endPage] as const)
  }

  /** The first process. */
  static start(places: Places): KernelProcess {
    return new KernelProcess('parent', ServedProcess.start(), places, undefined, new Map())
  }

  get pageSize(): number {
    return this.#view?.pageSize ?? 4096
  }

  memfdCreate(name: string): number {
    const path = new TextEncoder().encode(`${name}\0`)
    const descriptor = resultOf('memfd_create', this.#served.call('memfd_create', [0, 2], 0, path))
    let number = 3
    while (this.#files.has(number)) number++
    this.#files.set(number, descriptor)
    return number
  }

  openMixedMapDevice(): number {
    throw new UnknownError('the running kernel has no device /dev/mixed')
  }

  ftruncate(descriptor: number, length: number): void {
    resultOf('ftruncate', this.#served.call('ftruncate', [this.#file(descriptor, 'ftruncate'), length]))
  }

  pwrite(descriptor: number, byte: number, offset: number): number {
    const values = [this.#files.get(descriptor) ?? -1, 0, 1, offset]
    return rawResultOf(this.#served.call('pwrite64', values, 1, Uint8Array.of(byte)))
  }

  close(descriptor: number): void {
    resultOf('close', this.#served.call('close', [this.#file(descriptor, 'close')]))
    this.#files.delete(descriptor)
  }

  userfaultfd(): PlayUserfaultfd {
    return KernelUserfaultfd.open(this.#served, this.pageSize)
  }

  touch(access: PlayAccess, address: number, byte: number): Touched {
    const served =
      access === 'load'
        ? this.#served.load(address)
        : access === 'store'
          ? this.#served.store(address, byte)
          : this.#served.jump(address)
    return this.#touched(access, address, served)
  }

  fork(name: string): KernelProcess {
    return new KernelProcess(name, this.#served.fork(), this.#places, this.#others, this.#files)
  }

  /** Its memory in the part that is compared. */
  look(): Memory {
    const areas = this.#view.usageIn(WINDOW).filter((area) => {
      const isOther = this.#others.some(([start, end]) => area.startPage < end && area.endPage > start)
      return !isOther && area.path !== '[heap]'
    })
    const runs: number[] = []
    let isWhole = true
    let known = 0xffff
    for (const { startPage, endPage } of areas) {
      const pages = this.#view.pages(startPage, endPage)
      runs.push(...pages.runs)
      isWhole &&= pages.isWhole
      known &= pages.known
    }
    return { areas, pages: { runs, known, isWhole } }
  }

  end(): void {
    this.#view.close()
    this.#served[Symbol.dispose]()
  }

  #touched(access: PlayAccess, address: number, served: Served): Touched {
    if (served.kind === 'waits') {
      return { outcome: WAITS, again: () => this.#touched(access, address, this.#served.again(served.id)) }
    }
    if (served.kind === 'signal') {
      const { signal, code } = served
      // An instruction that was fetched has run, whatever became of what it did.
      const isOfMemory = signal === SIGSEGV || signal === SIGBUS
      if (access === 'jump' && !(isOfMemory && served.address === BigInt(address))) return { outcome: RUNS }
      // Where the kernel says no address, as for one that is not canonical, it is that of the access.
      const text = CODES[`${signal} ${code}`] ?? `${NAMES[signal] ?? `signal ${signal}`}, code ${code}`
      return { outcome: signalOutcome(text, BigInt(address)) }
    }
    if (access === 'jump') {
      if (served.result === ENOSYS) throw new UnknownError('a jump is made on x86-64 alone')
      return { outcome: RUNS }
    }
    return { outcome: access === 'store' ? WRITTEN : byteOutcome(served.result) }
  }

  #file(descriptor: number, call: string): number {
    const own = this.#files.get(descriptor)
    if (own === undefined) throw new VmError('EBADF', call)
    return own
  }
}

function rawResultOf(served: Served): number {
  if (served.kind === 'done') return served.result
  throw new UnknownError('the call waits for the userfaultfd')
}
