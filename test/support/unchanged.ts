import assert from 'node:assert/strict'
import { type MemoryArea, memoryAreas } from './memory-areas.js'

// What the engine and the C library map and unmap for themselves as they like is private and anonymous, and so not told apart from ours by
// itself: so a difference is looked at again, and must have gone.
const attempts = 5

/** Calls `act` and checks that the process's memory areas are the same afterwards as before. */
export function assertUnchanged(act: () => void): void {
  let last: { before: string[]; after: string[] } | undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = memoryAreas().map(words)
    act()
    const after = memoryAreas().map(words)
    if (before.length === after.length && before.every((line, index) => line === after[index])) return
    last = { before, after }
  }
  const { before, after } = last!
  assert.deepEqual(
    { gone: before.filter((line) => !after.includes(line)), come: after.filter((line) => !before.includes(line)) },
    { gone: [], come: [] },
  )
}

function words({ start, end, permissions, offset, inode, path }: MemoryArea): string {
  return `${start.toString(16)}-${end.toString(16)} ${permissions} ${offset} ${inode} ${path}`
}
