import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { AnonymousBacking } from './anonymous-backing.js'
import type { HeldMemory } from './held-memory.js'

/** A part of a mapping that is in memory: its offset in the mapping and its length, in bytes. */
export interface ResidentRun {
  /** Bytes from the first byte of the mapping. */
  readonly offset: number
  /** Bytes. The run ends before `offset + length`. */
  readonly length: number
}

/** The pages for one call of mincore(2), which takes a few milliseconds. */
const STEP = 2 ** 20

/**
 * The runs of pages in memory among those that `[offset, offset + length)` touches. It yields `undefined` after each step, so that the
 * caller can do other work. `held` returns the memory, or throws once it is unmapped or moved.
 *
 * Private anonymous memory is scanned through the page tables, where the kernel can: the time grows with the pages in memory. For other
 * memory the kernel looks up each page, because a page of a file can be in memory without an entry in the page tables.
 */
export function* residentRuns(
  held: () => HeldMemory,
  offset: number,
  length: number,
): Generator<ResidentRun | undefined, void> {
  const [from, bytes] = held().pages(offset, length)
  const { backing, holdings } = held()
  const { addressSpace, pageSize } = holdings.kernel
  const scans = backing instanceof AnonymousBacking && !backing.shared && addressSpace.scansPages === true
  const step = scans ? bytes : STEP * pageSize
  let run: { start: number; end: number } | undefined
  for (let at = from; at < from + bytes; at += step) {
    const part = Math.min(step, from + bytes - at)
    for (const next of scans ? scanned(held(), at, part) : lookedUp(held(), at, part)) {
      if (run?.end === next.start) {
        run.end = next.end
        continue
      }
      if (run !== undefined) yield clipped(held(), run)
      run = next
    }
    yield undefined
  }
  if (run !== undefined) yield clipped(held(), run)
}

function* scanned({ region, holdings }: HeldMemory, offset: number, length: number) {
  const from = region.start + BigInt(offset)
  for (const { start, end, state } of holdings.kernel.addressSpace.pages(from, from + BigInt(length))) {
    if ((state & PAGE_STATE.PRESENT) !== 0) {
      yield { start: Number(start - region.start), end: Number(end - region.start) }
    }
  }
}

function* lookedUp({ region, holdings }: HeldMemory, offset: number, length: number) {
  const { calls, pageSize } = holdings.kernel
  const pages = new Uint8Array(length / pageSize)
  calls.mincore(region.start + BigInt(offset), length, pages)
  for (let first = pages.indexOf(1); first !== -1; ) {
    const end = pages.indexOf(0, first)
    yield { start: offset + first * pageSize, end: end === -1 ? offset + length : offset + end * pageSize }
    first = end === -1 ? -1 : pages.indexOf(1, end)
  }
}

/** Converts a run of the region to offsets of the mapping, which may begin and end inside a page. */
function clipped({ lead, size }: HeldMemory, { start, end }: { start: number; end: number }): ResidentRun {
  const offset = Math.max(start - lead, 0)
  return { offset, length: Math.min(end - lead, size) - offset }
}
