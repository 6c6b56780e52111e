import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { map, pageSize } from '../published/index.js'
import { patient } from '../support/patient.js'

/** What the process holds that devices are made of. */
export interface Leftovers {
  readonly descriptors: number
  /** Areas that show a memory file. */
  readonly areas: number
  readonly threads: number
  /** What the descriptors are open on. */
  readonly files: readonly string[]
}

/** Counts what the process holds now. */
export function countLeftovers(): Leftovers {
  const files = openFiles()
  return {
    descriptors: files.length,
    areas: readFileSync('/proc/self/maps', 'latin1').match(/vmarea/g)?.length ?? 0,
    threads: readdirSync('/proc/self/task').length,
    files,
  }
}

/** Counts once that what waits for the garbage collector, and threads that have nothing to do, had time to go. */
export async function settledLeftovers(): Promise<Leftovers> {
  // The first view has a pipe made for the faults that are contained in views, and the first pipe has libuv open /dev/null. They stay.
  const memory = map({ length: pageSize() })
  memory.access((bytes) => bytes.length)
  memory.unmap()
  for (let round = 0; round < 15; round++) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return countLeftovers()
}

/** Waits until nothing is left beyond what was there before. Throws, with what is left, when it has waited long in vain. */
export async function nothingLeft(before: Leftovers): Promise<void> {
  const end = performance.now() + patient(30_000)
  for (;;) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const now = countLeftovers()
    const names = ['descriptors', 'areas', 'threads'] as const
    if (names.every((name) => now[name] <= before[name])) return
    if (performance.now() > end) {
      const more = names.map((name) => `${now[name] - before[name]} ${name} more`).join(', ')
      throw new Error(`something is left: ${more} than before; open now and not before: ${newFiles(before, now)}`)
    }
  }
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)]
    } catch {
      return [] // The folder itself.
    }
  })
}

function newFiles(before: Leftovers, now: Leftovers): string {
  const files = [...now.files]
  for (const file of before.files) {
    const at = files.indexOf(file)
    if (at >= 0) files.splice(at, 1)
  }
  return files.join(', ') || 'nothing'
}
