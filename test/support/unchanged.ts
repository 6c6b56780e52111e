import assert from 'node:assert/strict'
import { type MemoryArea, memoryAreas } from './memory-areas.js'
import { musl } from './musl.js'

// What the engine and the C library map and unmap for themselves as they like is private and anonymous, and so not told apart from ours by
// itself: so a difference is looked at again, and must have gone.
const attempts = 5

/** Calls `act` and checks that the process's memory areas are the same afterwards as before. */
export function assertUnchanged(act: () => void): void {
  let last: { before: string[]; after: string[] } | undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = areas()
    act()
    const after = areas()
    if (before.length === after.length && before.every((line, index) => line === after[index])) return
    last = { before, after }
  }
  const { before, after } = last!
  assert.deepEqual(
    { gone: before.filter((line) => !after.includes(line)), come: after.filter((line) => !before.includes(line)) },
    { gone: [], come: [] },
  )
}

// The engine's heap lies far below the addresses that mmap(2) chooses from the top, and grows by the very look at the areas.
const engineHeapEnds = 0x7000_0000_0000

function areas(): string[] {
  return memoryAreas()
    .filter(
      ({ start, path, inode }) => Number(start) >= engineHeapEnds || (path !== '' && path !== '[heap]') || inode !== 0,
    )
    .filter((area) => !isOfMusl(area))
    .map(words)
}

/** What malloc(3) of musl maps among our areas, and changes by the very look at them. What remains there is what no malloc(3) maps. */
function isOfMusl({ permissions, path, inode }: MemoryArea): boolean {
  return musl && permissions === 'rw-p' && path === '' && inode === 0
}

function words({ start, end, permissions, offset, inode, path }: MemoryArea): string {
  return `${start.toString(16)}-${end.toString(16)} ${permissions} ${offset} ${inode} ${path}`
}
