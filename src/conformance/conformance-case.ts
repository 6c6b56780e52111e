import type { Process } from '../process.js'
import type { ConformanceCapability } from './capability.js'

/** What a case works with: a process, and its page size in bytes. */
export interface Subject {
  readonly process: Process
  readonly page: number
}

/** One thing that every kernel does. */
export interface ConformanceCase {
  /** What the kernel must be able to do for it. */
  readonly needs?: readonly ConformanceCapability[]
  /** It is about a kernel that can not do this, and how it refuses. */
  readonly lacks?: ConformanceCapability
  readonly run: (subject: Subject) => void | Promise<void>
}

/** The cases of a topic, by title. */
export type ConformanceCases = { readonly [title: string]: ConformanceCase }
