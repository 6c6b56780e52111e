import assert from 'node:assert/strict'
import { MemoryFault, type Mmap } from '../../published/index.js'

/** Writes to memory that is mapped for reading: the wrong access is contained, and changes nothing. */
export function writeInVain(memory: Mmap, offset: number): void {
  assert.throws(
    () => memory.access((bytes) => ((bytes as Uint8Array)[offset] = 1)),
    (error) => error instanceof MemoryFault && error.reason === 'read-only',
  )
}
