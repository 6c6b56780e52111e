import { closeSync } from 'node:fs'
import type { PageRun } from '../../kernel/address-space.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { endOfUserAddresses } from './end-of-user-addresses.js'
import { openProcFile } from './open-proc-file.js'
import { pagemapRegions } from './pagemap-regions.js'

/** Categories of `PAGEMAP_SCAN`. */
const CATEGORY = {
  WRITTEN: 2,
  FILE: 4,
  PRESENT: 8,
  SWAPPED: 0x10,
  PFNZERO: 0x20,
  HUGE: 0x40,
  SOFT_DIRTY: 0x80,
  GUARD: 0x100,
} as const
const BEFORE_GUARD = 0xfe
const { EINVAL } = ERRNO_RESULT

/** Bits of an entry of /proc/PID/pagemap, in its high word. */
const ENTRY = {
  SOFT_DIRTY: 1 << 23,
  WRITE_PROTECTED: 1 << 25,
  GUARD: 1 << 26,
  FILE: 1 << 29,
  SWAPPED: 1 << 30,
  PRESENT: 1 << 31,
} as const

/** The categories that this kernel knows; 0 where it has no `PAGEMAP_SCAN`. */
let categories: number | undefined

/** The kernel refuses a range that extends past it. */
let endOfAddresses: bigint | undefined

/** Whether this kernel has `PAGEMAP_SCAN`. Tested on this process, once its page map could be opened. */
export function canScanPagemap(): boolean {
  categories ??= categoriesOfKernel()
  return categories !== undefined && categories !== 0
}

function categoriesOfKernel(): number | undefined {
  let pagemap: number
  try {
    pagemap = openProcFile('self', 'pagemap')
  } catch {
    return undefined
  }
  try {
    for (const known of [BEFORE_GUARD | CATEGORY.GUARD, BEFORE_GUARD]) {
      const found = addon().pagemapScan(pagemap, 0n, 0n, 0, 0, known, new BigUint64Array(4))
      if (found >= 0) {
        endOfAddresses = endOfUserAddresses(BigInt(addon().pageSize), (start, end) => {
          return addon().pagemapScan(pagemap, start, end, 0, 0, known, new BigUint64Array(4)) >= 0
        })
        return endOfAddresses === undefined ? 0 : known
      }
      if (found !== EINVAL) return 0
    }
    return 0
  } finally {
    closeSync(pagemap)
  }
}

/**
 * The states of the pages in `[from, to)` by `PAGEMAP_SCAN` on an open /proc/PID/pagemap: it walks the page tables, so that its time
 * grows with the present pages and not with the length of the range. Neighbours in the same state are one run.
 *
 * Returns `undefined` on a kernel before 6.7, which has no such call.
 */
export function scanPagemap(descriptor: number, from: bigint, to: bigint): Iterable<PageRun> | undefined {
  if (!canScanPagemap()) return undefined
  return joined(statesOf(descriptor, from, to < endOfAddresses! ? to : endOfAddresses!))
}

function* statesOf(descriptor: number, from: bigint, to: bigint): Generator<PageRun> {
  const scan = { flags: 0, wanted: 0, told: categories! }
  for (const { start, end, categories } of pagemapRegions(descriptor, from, to, scan)) {
    const state = stateOfCategories(categories)
    if ((state & PAGE_STATE.WRITE_PROTECTED) === 0) {
      yield { start, end, state }
      continue
    }
    // Linux 7.3 calls a page written only in an area that a userfaultfd watches for writes: elsewhere its entry says whether it is protected.
    for (const run of entriesOf(descriptor, 'pagemap', [{ start, end }], BigInt(addon().pageSize))) {
      const inEntry = run.state & PAGE_STATE.WRITE_PROTECTED
      yield { start: run.start, end: run.end, state: (state & ~PAGE_STATE.WRITE_PROTECTED) | inEntry }
    }
  }
}

/**
 * The same from the entries of /proc/PID/pagemap, eight bytes a page: its time grows with the length of the mapped ranges. It can't
 * distinguish huge pages or the page of zeros.
 */
export function* readPagemap(
  descriptor: number,
  path: string,
  ranges: Iterable<{ readonly start: bigint; readonly end: bigint }>,
  pageSize: number,
): Generator<PageRun> {
  yield* joined(entriesOf(descriptor, path, ranges, BigInt(pageSize)))
}

function* entriesOf(
  descriptor: number,
  path: string,
  ranges: Iterable<{ readonly start: bigint; readonly end: bigint }>,
  pageSize: bigint,
): Generator<PageRun> {
  const bytes = new Uint8Array(1 << 16)
  const words = new Uint32Array(bytes.buffer)
  for (const { start, end } of ranges) {
    for (let at = start; at < end; ) {
      const pages = Math.min(Number((end - at) / pageSize), bytes.length / 8)
      const read = addon().readFully(descriptor, Number(at / pageSize) * 8, bytes.subarray(0, pages * 8))
      if (read < 0) throw new VmError(read, 'read', { path, address: at })
      // Addresses past the end of the file, such as the kernel's half, have no entries.
      if (read < 8) break
      for (let page = 0; page < read / 8; ) {
        const high = words[page * 2 + 1]!
        const state = stateOfEntry(high)
        let next = page + 1
        while (next < read / 8 && stateOfEntry(words[next * 2 + 1]!) === state) next++
        yield { start: at + BigInt(page) * pageSize, end: at + BigInt(next) * pageSize, state }
        page = next
      }
      at += BigInt(read / 8) * pageSize
    }
  }
}

/** Joins runs that touch and are in the same state. */
function* joined(runs: Iterable<PageRun>): Generator<PageRun> {
  let last: PageRun | undefined
  for (const run of runs) {
    if (last !== undefined && last.end === run.start && last.state === run.state) {
      last = { start: last.start, end: run.end, state: run.state }
      continue
    }
    if (last !== undefined) yield last
    last = run
  }
  if (last !== undefined) yield last
}

function stateOfCategories(category: number): number {
  let state = 0
  if ((category & CATEGORY.PRESENT) !== 0) state |= PAGE_STATE.PRESENT
  if ((category & CATEGORY.SWAPPED) !== 0) state |= PAGE_STATE.SWAPPED
  if ((category & CATEGORY.FILE) !== 0) state |= PAGE_STATE.FILE
  if ((category & CATEGORY.HUGE) !== 0) state |= PAGE_STATE.HUGE
  if ((category & CATEGORY.PFNZERO) !== 0) state |= PAGE_STATE.ZERO
  if ((category & CATEGORY.SOFT_DIRTY) !== 0) state |= PAGE_STATE.DIRTY
  if ((category & CATEGORY.GUARD) !== 0) state |= PAGE_STATE.GUARD
  // The kernel reports every page that is not write-protected as written, even a missing one.
  const there = (category & (CATEGORY.PRESENT | CATEGORY.SWAPPED)) !== 0
  if (there && (category & CATEGORY.WRITTEN) === 0) state |= PAGE_STATE.WRITE_PROTECTED
  return state
}

function stateOfEntry(high: number): number {
  let state = 0
  if ((high & ENTRY.PRESENT) !== 0) state |= PAGE_STATE.PRESENT
  if ((high & ENTRY.SWAPPED) !== 0) state |= PAGE_STATE.SWAPPED
  if ((high & ENTRY.FILE) !== 0) state |= PAGE_STATE.FILE
  if ((high & ENTRY.SOFT_DIRTY) !== 0) state |= PAGE_STATE.DIRTY
  if ((high & ENTRY.WRITE_PROTECTED) !== 0) state |= PAGE_STATE.WRITE_PROTECTED
  if ((high & ENTRY.GUARD) !== 0) state |= PAGE_STATE.GUARD
  return state
}
