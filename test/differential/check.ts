import { UsageError } from '#vmarea/vocabulary/usage-error.js'
import type { Call } from './call.js'
import { describeCall, describeRecord, recordLength } from './describe.js'
import { generate } from './generate.js'
import type { Host } from './host.js'
import type { KernelAnswer, KernelSide } from './kernel-side.js'
import { ModelSide } from './model-side.js'

/** Where the two sides part. */
export interface Difference {
  /** The call's place in its sequence. */
  readonly at: number
  readonly model: string
  readonly kernel: string
}

/** Compares what the model does in a sequence with what the kernel answered. */
export function compare(host: Host, calls: readonly Call[], answer: KernelAnswer): Difference | undefined {
  if ('failed' in answer) {
    return neverReturns(host, calls) ? undefined : { at: calls.length - 1, model: '', kernel: answer.failed }
  }
  const side = new ModelSide(host)
  let offset = 0
  for (const [at, call] of calls.entries()) {
    const length = recordLength(answer.records, offset)
    const kernel = answer.records.subarray(offset, offset + length)
    offset += length
    let record: Uint8Array
    try {
      record = side.run(call)
      side.check()
    } catch (error) {
      return { at, model: String((error as Error).stack), kernel: describeRecord(kernel) }
    }
    if (kernel.compare(record) !== 0) return { at, model: describeRecord(record), kernel: describeRecord(kernel) }
  }
  return undefined
}

/** Whether the model says of a call that the kernel never returns from it. */
function neverReturns(host: Host, calls: readonly Call[]): boolean {
  const side = new ModelSide(host)
  try {
    for (const call of calls) side.run(call)
    return false
  } catch (error) {
    return error instanceof UsageError && error.code === 'ERR_VMAREA_KERNEL_BUG'
  }
}

/**
 * Runs a sequence on both sides. Only what happens again is a difference: a kernel may reclaim a clean page at any moment, as one with a
 * DAMON scheme does without want of memory, and where the sequence looks at it then, it differs once.
 */
export async function runCase(kernel: KernelSide, calls: readonly Call[]): Promise<Difference | undefined> {
  return (await runOnce(kernel, calls)) && runOnce(kernel, calls)
}

async function runOnce(kernel: KernelSide, calls: readonly Call[]): Promise<Difference | undefined> {
  const host = await kernel.host()
  kernel.send(calls)
  return compare(host, calls, await kernel.receive())
}

/** Leaves out what a difference does not need, until nothing more can go. */
export async function shrink(kernel: KernelSide, calls: readonly Call[]): Promise<readonly Call[]> {
  let best = calls
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const fewer = [...best.slice(0, at), ...best.slice(at + size)]
      const difference = fewer.length === 0 ? undefined : await runCase(kernel, fewer)
      if (difference === undefined) at += size
      else best = fewer.slice(0, difference.at + 1)
    }
  }
  return best
}

/**
 * Runs random sequences until `calls` calls were compared. Returns how many were, how many sequences differed once and not again, and the
 * first difference, shrunk, as text.
 */
export async function runRandom(
  kernel: KernelSide,
  seed: number,
  calls: number,
  until = Number.POSITIVE_INFINITY,
): Promise<{ readonly done: number; readonly once: number; readonly difference?: string }> {
  const host = await kernel.host()
  const ahead: (readonly [number, Call[]])[] = []
  let next = seed
  let done = 0
  let once = 0
  while (done < calls && performance.now() < until) {
    while (ahead.length < 8) {
      const sequence = generate(next, host)
      kernel.send(sequence)
      ahead.push([next++, sequence])
    }
    const [number, sequence] = ahead.shift()!
    const difference = compare(host, sequence, await kernel.receive())
    if (difference !== undefined) {
      for (const _ of ahead.splice(0)) await kernel.receive()
      next = number + 1
    }
    if (difference !== undefined && (await runCase(kernel, sequence)) === undefined) {
      once++
    } else if (difference !== undefined) {
      const shortest = await shrink(kernel, sequence.slice(0, difference.at + 1))
      const last = (await runCase(kernel, shortest)) ?? difference
      const lines = shortest.map(describeCall).join('\n')
      return {
        done,
        once,
        difference: `seed ${number}, after call ${last.at + 1} of\n${lines}\nthe model says ${last.model}\nthe kernel says ${last.kernel}`,
      }
    }
    done += sequence.length
  }
  for (const _ of ahead) await kernel.receive()
  return { done, once }
}
