import type { Process } from '../process.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import type { ConformanceCapability } from './capability.js'
import { cases } from './cases.js'
import type { ConformanceCase } from './conformance-case.js'
import { differences } from './differences.js'

/** Declares a test, as `test` of `node:test` does. `options` is passed only for a test to skip, with the reason. */
export interface DeclareTest {
  /** Declares a test with a title. */
  (title: string, run: () => void | Promise<void>): unknown
  /** Declares a test that is skipped, for the reason `skip`. */
  (title: string, options: { readonly skip: string }, run: () => void | Promise<void>): unknown
}

/** The kernel that the suite is run on. */
export interface ConformanceOptions {
  /** Declares a test: `test` of `node:test`, for example. */
  readonly test: DeclareTest
  /** Returns the process for a case: a new one each time, or always the same. A case unmaps what it mapped. */
  readonly factory: () => Process
  /** What the kernel can do. The cases of a missing capability are skipped, with the reason. */
  readonly capabilities: Iterable<ConformanceCapability>
}

const rules: OptionRules<ConformanceOptions> = {
  test: 'function',
  factory: 'function',
  capabilities: {
    must: 'an iterable of capabilities',
    holds: (value) => typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] === 'function',
  },
}

/**
 * Declares the conformance suite: the behaviour of every kernel behind a `Process`, tried on the kernel that `factory` gives.
 *
 * It uses the exports of the package and no module of Node, so that it runs in a browser too.
 *
 * ```ts
 * import { test } from 'node:test'
 * import { Machine } from 'vmarea/model'
 *
 * conformance({
 *   test,
 *   factory: () => new Machine().spawn(),
 *   capabilities: ['userfaultfd', 'write-protection', 'locked-memory', 'guard-pages', 'devices'],
 * })
 * ```
 */
export function conformance(options: ConformanceOptions): void {
  const required = ['test', 'factory', 'capabilities'] as const
  const { test, factory, capabilities } = checkOptions('conformance()', options, rules, required)
  const able = new Set(capabilities)
  for (const [topic, ofTopic] of Object.entries(cases)) {
    for (const [title, each] of Object.entries(ofTopic)) {
      const run = () => {
        const process = factory()
        return each.run({ process, page: process.pageSize })
      }
      const reason = whySkipped(each, able)
      if (reason === undefined) test(`${topic}: ${title}`, run)
      else test(`${topic}: ${title}`, { skip: reason }, run)
    }
  }
}

function whySkipped(
  { needs = [], lacks }: ConformanceCase,
  able: ReadonlySet<ConformanceCapability>,
): string | undefined {
  if (lacks !== undefined && able.has(lacks)) return `the kernel can do '${lacks}'`
  const missing = needs.find((capability) => !able.has(capability))
  if (missing === undefined) return undefined
  return `the kernel lacks '${missing}': ${differences[missing]?.reason ?? 'it is not among its declared capabilities'}`
}
