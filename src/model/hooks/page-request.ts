import type { Area } from '../../kernel/area.js'
import type { RawFault } from '../../kernel/raw-fault.js'
import type { RawPage } from '../../kernel/raw-page.js'
import type { VmError } from '../../vocabulary/vm-error.js'

/** The access that a question is about, if it is about one. */
export interface RequestedPage extends Pick<RawFault, 'area' | 'address' | 'write'> {
  readonly isThere?: () => boolean
}

/** One question to a driver's hook, and whoever waits for the answer. */
export class PageRequest implements RawFault {
  readonly area: Area | undefined
  readonly address: bigint | undefined
  readonly offset: number
  readonly write: boolean
  /** The page that the driver answered with, instead of filling the device's own. */
  page: RawPage | undefined = undefined
  /** Whether the hook has put a page where it was touched, by itself (`VM_FAULT_NOPAGE`). */
  readonly isThere: (() => boolean) | undefined
  /** Some of it was invalidated since the hook was asked. */
  stale = false
  /** There is an answer, or nobody waits for one any more. */
  ended = false
  /** The hook was asynchronous: the access has gone away, and comes back for the answer. */
  late = false
  /** The answer is an error. */
  error: VmError | undefined = undefined
  /** When it was asked, in milliseconds. */
  readonly began = performance.now()
  /** Ends it when the answer is late. */
  timer: ReturnType<typeof setTimeout> | undefined = undefined
  /** Bytes that are asked for. */
  readonly length: number
  #bytes: Uint8Array | undefined
  #abort: AbortController | undefined
  #aborted: { readonly reason: unknown } | undefined
  #promise: Promise<VmError | undefined> | undefined
  #settle: ((error: VmError | undefined) => void) | undefined

  constructor({ area, address, write, isThere }: RequestedPage, offset: number, length: number, bytes?: Uint8Array) {
    this.area = area
    this.address = address
    this.write = write
    this.isThere = isThere
    this.offset = offset
    this.length = length
    this.#bytes = bytes
  }

  get bytes(): Uint8Array {
    this.#bytes ??= new Uint8Array(this.length)
    return this.#bytes
  }

  /** The bytes, if the hook has looked at them: what it has not is zero. */
  get given(): Uint8Array | undefined {
    return this.#bytes
  }

  answer(page: RawPage): void {
    this.page = page
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#aborted !== undefined) this.#abort.abort(this.#aborted.reason)
    }
    return this.#abort.signal
  }

  /** Settles when there is an answer: with the error, if it is one. */
  get promise(): Promise<VmError | undefined> {
    this.#promise ??= new Promise((resolve) => {
      this.#settle = resolve
    })
    return this.#promise
  }

  /** Begins again: what was given is forgotten. */
  again(): void {
    this.stale = false
    this.page = undefined
    this.#bytes = undefined
  }

  /** There is an answer. Returns how long it took, in milliseconds. */
  end(error: VmError | undefined): number {
    this.ended = true
    this.error = error
    clearTimeout(this.timer)
    this.#settle?.(error)
    return performance.now() - this.began
  }

  /** Nobody waits for the hook any more. */
  abandon(reason: unknown): void {
    this.#aborted = { reason }
    this.#abort?.abort(reason)
  }
}
