import type { WaitResult } from '../../kernel/sharing/wait-result.js'
import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { HeldMemory } from './held-memory.js'
import type { WaitOptions } from './wait-options.js'

const rules: OptionRules<WaitOptions> = {
  timeout: {
    must: 'a number of milliseconds from 0 on, or Infinity',
    holds: (value) => typeof value === 'number' && value >= 0,
  },
  signal: 'signal',
}

/** A word of 32 bits of a shared mapping, on which threads and processes wait that map the same. */
export class SharedWord {
  readonly #holding: HeldMemory
  readonly #offset: number
  readonly #call: string

  /** @param call as the caller wrote it */
  constructor(holding: HeldMemory, offset: number, call: string) {
    holding.checkShared(call)
    holding.checkCommitted(offset, 4)
    if ((holding.lead + offset) % 4 !== 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `offset of ${call} must be that of a word, whose address is a multiple of 4, and is ${offset} in memory at ${holding.start}`,
      )
    }
    this.#holding = holding
    this.#offset = offset
    this.#call = call
  }

  wait(expected: number, given: WaitOptions): WaitResult {
    const { timeout = Infinity, signal } = this.#check(expected, given)
    signal?.throwIfAborted()
    const { region, lead } = this.#holding
    const answer = region.wait(lead + this.#offset, expected | 0, timeout)
    if (typeof answer !== 'string') throw this.#holding.faultError(answer)
    return answer
  }

  async waitAsync(expected: number, given: WaitOptions): Promise<WaitResult> {
    const { timeout = Infinity, signal } = this.#check(expected, given)
    signal?.throwIfAborted()
    const { region, lead } = this.#holding
    const word = new Int32Array(1)
    const bytes = new Uint8Array(word.buffer)
    // Where a program serves the page, its answer must not be waited for on the event loop.
    const fault =
      region.keeper === undefined
        ? region.read(lead + this.#offset, bytes)
        : await region.readAsync(lead + this.#offset, bytes)
    if (fault !== undefined) throw this.#holding.faultError(fault)
    if (word[0] !== (expected | 0)) return 'not-equal'
    if (timeout === 0) return 'timed-out'
    signal?.throwIfAborted()
    const { result, end } = region.waitAsync(lead + this.#offset, expected | 0, timeout)
    signal?.addEventListener('abort', end)
    try {
      return await result
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', end)
    }
  }

  notify(count: number): number {
    if (typeof count !== 'number' || !(count >= 0) || (count !== Infinity && !Number.isInteger(count))) {
      throw new UsageError(
        'ERR_VMAREA_OUT_OF_RANGE',
        `count of ${this.#call} must be a whole number from 0 on, or Infinity, and is ${showValue(count)}`,
      )
    }
    const { region, lead } = this.#holding
    const answer = region.notify(lead + this.#offset, count)
    if (typeof answer !== 'number') throw this.#holding.faultError(answer)
    return answer
  }

  #check(expected: number, options: WaitOptions): WaitOptions {
    if (!Number.isInteger(expected) || expected < -(2 ** 31) || expected >= 2 ** 32) {
      throw new UsageError(
        'ERR_VMAREA_OUT_OF_RANGE',
        `expected of ${this.#call} must be a whole number of 32 bits, and is ${showValue(expected)}`,
      )
    }
    return checkOptions(this.#call, options, rules)
  }
}
