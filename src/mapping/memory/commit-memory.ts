import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import { MADV } from '../../vocabulary/madv.js'
import { PROT } from '../../vocabulary/prot.js'
import type { HeldMemory } from './held-memory.js'

/** Gives a part of a reservation its permission. Pages that are committed already stay as they are. On an error nothing is committed. */
export function commitMemory(holding: HeldMemory, offset: number, length: number): void {
  const [from, bytes] = holding.wholePages(offset, length, 'commit')
  const committed = holding.committed!
  ensureStack()
  const done: (readonly [from: number, to: number])[] = []
  try {
    for (const [start, end] of uncommitted(holding, from, from + bytes)) {
      holding.region.protect(start, end - start, holding.protection, PROT.NONE)
      committed.add(start, end)
      done.push([start, end])
    }
  } catch (error) {
    for (const [start, end] of done) {
      holding.region.protect(start, end - start, PROT.NONE, holding.protection)
      committed.delete(start, end)
    }
    throw holding.explain(error, bytes)
  }
  holding.tellChange('commit')
}

/** Frees the memory of a part of a reservation and keeps its addresses. Private contents are lost. */
export function decommitHolding(holding: HeldMemory, offset: number, length: number): void {
  const [from, bytes] = holding.wholePages(offset, length, 'decommit')
  holding.checkSettled()
  const { region, backing } = holding
  ensureStack()
  try {
    if (backing.decommits === 'replace') {
      region.replaceByNothing(from, bytes)
    } else {
      discard(holding, from, bytes)
    }
  } catch (error) {
    throw holding.explain(error, bytes)
  }
  holding.detachViews()
  holding.committed!.delete(from, from + bytes)
  holding.tellChange('decommit')
}

// Memory of a file keeps its offset in it. A private mapping drops its copies; shared memory without a file frees its pages; the pages
// of a shared file stay in the file.
function discard({ region, backing, committed, protection, holdings }: HeldMemory, from: number, bytes: number): void {
  const { calls } = holdings.kernel
  for (const [start, end] of [...committed!.within(from, from + bytes)]) {
    const address = region.start + BigInt(start)
    if (backing.decommits === 'remove') {
      // Kernels before 6.6 remove pages only where they may be written.
      if ((protection & PROT.WRITE) === 0) region.protect(start, end - start, PROT.READ | PROT.WRITE, protection)
      calls.madvise(address, end - start, MADV.REMOVE)
    } else if (backing.decommits === 'drop') {
      calls.madvise(address, end - start, MADV.DONTNEED)
    }
    region.protect(start, end - start, PROT.NONE, protection)
  }
}

function uncommitted({ committed }: HeldMemory, from: number, to: number): (readonly [from: number, to: number])[] {
  const gaps: (readonly [number, number])[] = []
  let next = from
  for (const [start, end] of committed!.within(from, to)) {
    if (next < start) gaps.push([next, start])
    next = end
  }
  if (next < to) gaps.push([next, to])
  return gaps
}
