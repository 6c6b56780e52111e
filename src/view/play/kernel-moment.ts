import type { Outcome } from './outcome.js'
import type { Memory } from './play-process.js'

/** What the running kernel made of one call of a program. */
export interface KernelMoment {
  readonly line: number
  readonly outcome: Outcome
  /** The memory of each process after it, by name. */
  readonly memory: Readonly<Record<string, Memory>>
}

/** A program on the running kernel. */
export interface KernelRun {
  readonly moments: readonly KernelMoment[]
  /** Why nothing is known of the calls that follow the last moment; `null` where there are none. */
  readonly ended: string | null
}
