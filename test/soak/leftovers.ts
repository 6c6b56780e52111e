import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What the process holds that devices are made of. */
export interface Leftovers {
  readonly descriptors: number
  /** Areas that show a memory file. */
  readonly areas: number
  readonly threads: number
}

/** Counts what the process holds now. */
export function countLeftovers(): Leftovers {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    areas: readFileSync('/proc/self/maps', 'latin1').match(/vmarea/g)?.length ?? 0,
    threads: readdirSync('/proc/self/task').length,
  }
}

/** Counts once that what waits for the garbage collector, and threads that have nothing to do, had time to go. */
export async function settledLeftovers(): Promise<Leftovers> {
  for (let round = 0; round < 60; round++) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return countLeftovers()
}

/** Waits until nothing is left beyond what was there before. Throws, with what is left, when it has waited long in vain. */
export async function nothingLeft(before: Leftovers): Promise<void> {
  const end = performance.now() + 30_000
  for (;;) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const now = countLeftovers()
    const names = ['descriptors', 'areas', 'threads'] as const
    if (names.every((name) => now[name] <= before[name])) return
    if (performance.now() > end) {
      throw new Error(
        `something is left: ${JSON.stringify(now)}, and before it was ${JSON.stringify(before)}; open are ${openFiles()}`,
      )
    }
  }
}

function openFiles(): string {
  return readdirSync('/proc/self/fd')
    .map((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`)
      } catch {
        return 'the folder itself'
      }
    })
    .join(', ')
}
