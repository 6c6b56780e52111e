import type { SwapCommand, SwapState } from '../../kernel/swap/swap-state.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { NOTE, PLACE } from './page-places.js'
import type { PageReader } from './page-reader.js'
import type { PageStager } from './page-stager.js'
import type { PageWriter } from './page-writer.js'
import { SLICE } from './slice.js'
import type { SwapContext } from './swap-context.js'
import { COUNT } from './swap-counters.js'

/** Pages of one call when `disable` reads in order, and how many such calls may be in flight. */
const [READ, READS] = [256, 4]

/** The states in which a command may be given. In a budget, pages are staged whatever the state is called. */
const LEGAL: { readonly [command in SwapCommand]: readonly SwapState[] } = {
  enable: ['ready', 'failed', 'pending', 'trimInProgress', 'active', 'swapInInProgress'],
  trim: ['pending'],
  out: ['pending'],
  disable: ['ready', 'failed', 'pending', 'trimInProgress', 'swapOutInProgress', 'active', 'swapInInProgress'],
}

const DURING: { readonly [command in SwapCommand]: SwapState | undefined } = {
  enable: undefined,
  trim: 'trimInProgress',
  out: 'swapOutInProgress',
  disable: 'swapInInProgress',
}

interface Job {
  readonly command: SwapCommand
  readonly since: number
  readonly promise: Promise<void>
  resolve(): void
  reject(error: Error): void
  cursor: number
  pages: number
  /** Writes that had failed before the command began. Their pages are tried again. */
  readonly failuresBefore: number
}

/** The states and commands of a swap, which are crosvm's. One command runs at a time, slice by slice. */
export class SwapJobs {
  #hasBudget: boolean
  readonly #context: SwapContext
  readonly #reader: PageReader
  readonly #writer: PageWriter
  readonly #stager: PageStager
  #job: Job | undefined

  constructor(context: SwapContext, reader: PageReader, writer: PageWriter, stager: PageStager, hasBudget: boolean) {
    this.#context = context
    this.#reader = reader
    this.#writer = writer
    this.#stager = stager
    this.#hasBudget = hasBudget
    this.#context.record.state = hasBudget ? 'active' : 'ready'
  }

  /** Whether there is a budget: pages may then be out of memory in every state but `ready`. */
  set hasBudget(hasBudget: boolean) {
    this.#hasBudget = hasBudget
    if (hasBudget && this.#context.record.state === 'ready' && this.#job === undefined)
      this.#context.record.state = 'active'
  }

  get runs(): boolean {
    return this.#job !== undefined
  }

  begin(command: SwapCommand): Promise<void> {
    const legal =
      LEGAL[command].includes(this.#context.record.state) ||
      (this.#hasBudget && this.#context.record.state === 'active')
    if (!legal || (this.#job?.command === 'enable' && command !== 'disable')) {
      return Promise.reject(
        wrongState(command, this.#job?.command === 'enable' ? 'enable' : this.#context.record.state),
      )
    }
    if (command === 'disable') {
      this.#hasBudget = false
      // After `restore()` pages are in the store in this state as well.
      if (this.#context.record.state === 'ready' && this.#context.places.isAllInMemory) return Promise.resolve()
      if (this.#job?.command === 'disable') return this.#job.promise
    }
    this.#abort(command)
    if (command === 'disable' || command === 'out') this.#writer.retry()
    this.#context.record.state = DURING[command] ?? this.#context.record.state
    this.#job = newJob(command, this.#context.host.now(), this.#writer.failures)
    return this.#job.promise
  }

  /** Does one slice of the command. Returns whether to call it again at once. */
  step(): boolean {
    const job = this.#job
    if (job === undefined) return false
    try {
      const next = this.#slice(job)
      if (next === 'done') this.#end(job)
      return next !== 'wait'
    } catch (error) {
      this.#job = undefined
      this.#context.record.state = this.#hasBudget ? 'active' : job.command === 'disable' ? 'ready' : 'failed'
      job.reject(error as Error)
      return false
    }
  }

  #slice(job: Job): 'more' | 'wait' | 'done' {
    switch (job.command) {
      case 'enable':
        return this.#enable(job)
      case 'trim':
        return this.#sweep(job, false)
      case 'out':
        return this.#out(job)
      case 'disable':
        return this.#disable(job)
    }
  }

  #end(job: Job): void {
    this.#job = undefined
    const { record, host } = this.#context
    record.counters.values[COUNT.TRANSITION_PAGES] = job.pages
    record.counters.values[COUNT.TRANSITION_MILLISECONDS] = host.now() - job.since
    this.#context.record.state = job.command === 'disable' ? 'ready' : job.command === 'out' ? 'active' : 'pending'
    if (this.#hasBudget) this.#context.record.state = 'active'
    job.resolve()
  }

  #abort(by: SwapCommand): void {
    const job = this.#job
    if (job === undefined) return
    this.#job = undefined
    const message = `the command '${job.command}' was ended by '${by}' before it was done`
    job.reject(new UsageError('ERR_VMAREA_SWAP_ABORTED', message))
  }

  #enable(job: Job): 'more' | 'wait' | 'done' {
    const { places } = this.#context
    if (this.#stager.waits) return 'wait'
    const before = places.counts[PLACE.STAGED]!
    job.cursor = this.#stager.sweep(job.cursor)
    job.pages += places.counts[PLACE.STAGED]! - before
    return job.cursor < places.count ? 'more' : 'done'
  }

  #out(job: Job): 'more' | 'wait' | 'done' {
    const { failure, failures } = this.#writer
    if (failure !== undefined && failures > job.failuresBefore) throw failure
    const { places } = this.#context
    if (job.cursor < places.count) return this.#writer.waits ? 'wait' : this.#sweep(job, true)
    if (this.#writer.calls > 0) return 'wait'
    if (places.counts[PLACE.STAGED] === 0) return 'done'
    return this.#passAgain(job)
  }

  #disable(job: Job): 'more' | 'wait' | 'done' {
    const { places } = this.#context
    if (job.cursor < places.count) return this.#bringBackSome(job)
    if (places.counts[PLACE.READING]! > 0 || this.#writer.calls > 0) return 'wait'
    if (places.staged > 0 || places.counts[PLACE.STORED]! > 0) {
      return this.#passAgain(job)
    }
    for (let page = 0; page < places.count; page++) {
      if (places.get(page) !== PLACE.POISONED) this.#writer.giveUp(page)
    }
    const lost = places.counts[PLACE.POISONED]!
    if (lost === 0) return 'done'
    throw new VmError('EIO', 'swap', {
      hint: `${lost} ${lost === 1 ? 'page' : 'pages'} could not be read back and stay poisoned; the others are in memory: restore() asks the store again`,
      ...causeOf(this.#reader, places.find(PLACE.POISONED, 0, places.count)),
    })
  }

  /** For pages that were busy when the cursor passed, or could not be put back. */
  #passAgain(job: Job): 'wait' {
    const { host } = this.#context
    job.cursor = 0
    host.later(1, () => host.ready())
    return 'wait'
  }

  #sweep(job: Job, write: boolean): 'more' | 'wait' | 'done' {
    const { places } = this.#context
    const before = places.counts[PLACE.STAGED]!
    job.cursor = this.#writer.sweep(job.cursor, write)
    job.pages += before - places.counts[PLACE.STAGED]!
    return write || job.cursor < places.count ? 'more' : 'done'
  }

  /** Brings back a slice of pages. */
  #bringBackSome(job: Job): 'more' | 'wait' {
    const { places } = this.#context
    const enough = job.pages + SLICE.pages
    for (let runs = 0; runs < SLICE.runs && job.pages < enough && job.cursor < places.count; runs++) {
      if (this.#bringBack(job) === 'wait') return 'wait'
    }
    return 'more'
  }

  /** Brings back the next run of pages. */
  #bringBack(job: Job): 'more' | 'wait' {
    const { places, memory } = this.#context
    let page = job.cursor
    while (page < places.count) {
      const place = places.get(page)
      if (place === PLACE.STAGED || place === PLACE.WRITING || place === PLACE.STORED) break
      page++
    }
    job.cursor = page
    if (page === places.count) return 'more'
    const end = Math.min(memory.regionEnd(page), page + READ)
    const place = places.get(page)
    if (place === PLACE.STORED) {
      if (this.#reader.calls >= READS) return 'wait'
      let last = page
      while (last < end && places.get(last) === PLACE.STORED && !places.has(last, NOTE.BUSY)) last++
      if (last > page) this.#reader.read(page, last - page, undefined, true)
      job.pages += last - page
      job.cursor = Math.max(last, page + 1)
      return 'more'
    }
    const last = places.runEnd(place, page, end)
    const done = memory.unstage(page, last - page)
    for (let at = page; at < page + done; at++) places.set(at, PLACE.RESIDENT)
    job.pages += done
    // Skip a page that can't be put back now: the cursor passes it again.
    job.cursor = page + Math.max(done, 1)
    return 'more'
  }
}

function newJob(command: SwapCommand, since: number, failuresBefore: number): Job {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { command, since, promise, resolve, reject, cursor: 0, pages: 0, failuresBefore }
}

function wrongState(command: SwapCommand, state: string): UsageError {
  const legal = LEGAL[command].join(', ')
  return new UsageError(
    'ERR_VMAREA_SWAP_STATE',
    `'${command}' can't be given in the state '${state}': it can in ${legal}`,
  )
}

function causeOf(reader: PageReader, page: number): { readonly cause?: Error } {
  const cause = reader.cause(page)
  return cause === undefined ? {} : { cause }
}
