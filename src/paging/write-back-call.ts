import type { VmError } from '../vocabulary/vm-error.js'

/** One call of a driver's `writeback` hook, for consecutive pages. */
export class WriteBackCall {
  readonly first: number
  readonly count: number
  /** Whether it is to make room: then its failure pauses evictions, and the next flush reports it. */
  readonly evicts: boolean
  /** Pages that were given up meanwhile: the result does not concern them. */
  readonly gone = new Set<number>()
  readonly settled: Promise<VmError | undefined>
  settle!: (error: VmError | undefined) => void
  state: 'pending' | 'late' | 'over' = 'pending'
  error: VmError | undefined
  /** The copy that the hook was given. */
  bytes: Uint8Array | undefined
  timer: ReturnType<typeof setTimeout> | undefined
  #controller: AbortController | undefined

  constructor(first: number, count: number, evicts: boolean) {
    this.first = first
    this.count = count
    this.evicts = evicts
    this.settled = new Promise((resolve) => {
      this.settle = resolve
    })
  }

  /** Aborted when the answer comes too late to count. Made when it is asked for: most hooks do not. */
  get signal(): AbortSignal {
    return this.#aborts().signal
  }

  abort(reason: VmError): void {
    this.#aborts().abort(reason)
  }

  #aborts(): AbortController {
    this.#controller ??= new AbortController()
    return this.#controller
  }
}
