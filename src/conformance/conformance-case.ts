import type { Process } from '../process.js'
import type { ConformanceCapability } from './capability.js'

/** The process of a case, and its page size in bytes. */
export interface Subject {
  readonly process: Process
  readonly page: number
}

/** A behaviour of every kernel, as a test. */
export interface ConformanceCase {
  /** The capabilities that the case requires. */
  readonly needs?: readonly ConformanceCapability[]
  /** The case tests how a kernel without this capability refuses. */
  readonly lacks?: ConformanceCapability
  readonly run: (subject: Subject) => void | Promise<void>
}

/** The cases of a topic, by title. */
export type ConformanceCases = { readonly [title: string]: ConformanceCase }
