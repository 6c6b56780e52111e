import { readFile } from 'node:fs/promises'
import type { GuestHost, GuestRegion } from '../kernel/guest-host.js'
import { UsageError } from '../vocabulary/usage-error.js'

type Range = readonly [start: number, end: number]

/** What is known of a guest from the file. Ranges of addresses. */
export interface KnownGuest {
  readonly regions: readonly GuestRegion[]
  readonly removed: readonly Range[]
  /** The identity of the source that served the guest. */
  readonly identity: string | undefined
}

/**
 * A file that outlives the handler, a line of JSON each: what a guest is (`pid`, `started`, `regions`), what it is served from (`pid`,
 * `identity`), and each range of addresses that it gave back (`pid`, `removed`), which the server thread writes before the pages go.
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
    const lines = [
      { pid, started: this.#host.startOf(pid), regions },
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
    const log = this.#host.openLog(this.#path)
    try {
      this.#host.writeLog(log, `${JSON.stringify({ pid, identity: identity ?? null })}\n`)
    } finally {
      this.#host.closeLog(log)
    }
  }
}

/** What a file says of a process. Throws `ERR_VMAREA_INVALID_ARGUMENT` where it says nothing of this very one. */
export async function readGuestState(host: GuestHost, path: string, pid: number): Promise<KnownGuest> {
  const started = host.startOf(pid)
  let known: { regions: readonly GuestRegion[]; removed: Range[]; identity: string | undefined } | undefined
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const entry = parse(line)
    if (entry?.pid !== pid) continue
    if (entry.regions !== undefined) {
      const { regions } = entry
      known = entry.started === started ? { regions, removed: [], identity: undefined } : undefined
    } else if (entry.removed !== undefined) known?.removed.push(entry.removed)
    else if (known !== undefined) known.identity = entry.identity ?? undefined
  }
  if (known !== undefined) return known
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `the state ${path} says nothing of the process ${pid} that runs now`,
  )
}

interface Entry {
  readonly pid: number
  readonly started?: number
  readonly regions?: readonly GuestRegion[]
  readonly removed?: Range
  readonly identity?: string | null
}

/** The last line may not be whole. */
function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
