import { readFile } from 'node:fs/promises'
import type { GuestHost, GuestRegion, OnGuestFailure } from '../kernel/guest-host.js'
import { UsageError } from '../vocabulary/usage-error.js'

type Range = readonly [start: number, end: number]

/** What is known of a guest from the file. Ranges of addresses. */
export interface KnownGuest {
  readonly regions: readonly GuestRegion[]
  readonly removed: readonly Range[]
  /** The identity of the source that served the guest. */
  readonly identity: string | undefined
  /** The handler that opened it last, where that one has not left it. */
  readonly handler: KnownProcess | undefined
  /** What became of it when its handler left it. */
  readonly left: OnGuestFailure | undefined
}

/** A process by its number and by when it began: for good. */
interface KnownProcess {
  readonly pid: number
  readonly started: number | undefined
}

/**
 * A file that outlives the handler, a line of JSON each: what a guest is (`pid`, `started`, `regions`, `handler`), what it is served from
 * (`pid`, `identity`), each range of addresses that it gave back (`pid`, `removed`), which the server thread writes before the pages go, and
 * what became of it when its handler stopped serving it (`pid`, `left`).
 */
export class GuestState {
  readonly #host: GuestHost
  readonly #path: string

  constructor(host: GuestHost, path: string) {
    this.#host = host
    this.#path = path
  }

  /** Writes what a guest is. Returns a descriptor for its removals. */
  open(pid: number, regions: readonly GuestRegion[], removed: readonly Range[] = []): number {
    const log = this.#host.openLog(this.#path)
    const handler = { pid: process.pid, started: this.#host.startOf(process.pid) }
    const lines = [
      { pid, started: this.#host.startOf(pid), regions, handler },
      ...removed.map((range) => ({ pid, removed: range })),
    ]
    try {
      this.#host.writeLog(log, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      return log
    } catch (error) {
      this.#host.closeLog(log)
      throw error
    }
  }

  /** Writes what a guest is served from. */
  served(pid: number, identity: string | undefined): void {
    this.#write({ pid, identity: identity ?? null })
  }

  /** Writes that this handler has left a guest. */
  left(pid: number, onFailure: OnGuestFailure): void {
    this.#write({ pid, left: onFailure })
  }

  #write(line: Entry): void {
    const log = this.#host.openLog(this.#path)
    try {
      this.#host.writeLog(log, `${JSON.stringify(line)}\n`)
    } finally {
      this.#host.closeLog(log)
    }
  }
}

/** What a file says of a process. Throws `ERR_VMAREA_INVALID_ARGUMENT` where it says nothing of this very one. */
export async function readGuestState(host: GuestHost, path: string, pid: number): Promise<KnownGuest> {
  const known = (await readGuestStates(host, path)).get(pid)
  if (known !== undefined) return known
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `the state ${path} says nothing of the process ${pid} that runs now`,
  )
}

/** What a file says of the processes that run, by their numbers. */
export async function readGuestStates(host: GuestHost, path: string): Promise<ReadonlyMap<number, KnownGuest>> {
  const states = new Map<number, Mutable<KnownGuest> & { removed: Range[] }>()
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const { pid, started, regions, handler, removed, left, identity } = parse(line)
    if (pid === undefined) continue
    const known = states.get(pid)
    if (Array.isArray(regions)) {
      states.set(pid, { regions, removed: [], identity: undefined, handler, left: undefined })
      if (started === undefined || started !== host.startOf(pid)) states.delete(pid)
    } else if (known === undefined) continue
    else if (isRange(removed)) known.removed.push(removed)
    else if (left !== undefined) Object.assign(known, { left, handler: undefined })
    else if (identity !== undefined) known.identity = identity ?? undefined
  }
  return states
}

/** Whether the handler that opened a guest last runs, and is not this process. */
export function isServedElsewhere(host: GuestHost, { handler }: KnownGuest): boolean {
  if (handler?.started === undefined || handler.pid === process.pid) return false
  return host.startOf(handler.pid) === handler.started
}

function isRange(value: unknown): value is Range {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger) && value[0] < value[1]
}

type Mutable<Value> = { -readonly [Name in keyof Value]: Value[Name] }

/** The members of all kinds of lines. */
interface Entry {
  readonly pid?: number
  readonly started?: number
  readonly regions?: readonly GuestRegion[]
  readonly handler?: KnownProcess
  readonly removed?: Range
  readonly identity?: string | null
  readonly left?: OnGuestFailure
}

/** The last line may not be whole. */
function parse(line: string): Entry {
  try {
    return JSON.parse(line) ?? {}
  } catch {
    return {}
  }
}
