import assert from 'node:assert/strict'
import { pageSize } from 'vmarea'

const page = pageSize()

/**
 * Counts in random pages of memory on this thread, until `isEnough` says so after some thousand steps, and checks that no count was lost.
 * `words` is the memory, of which 300 pages are used.
 */
export function countInPages(words: Uint32Array, isEnough: () => boolean): void {
  const counts = new Uint32Array((words.length * 4) / page)
  // Marsaglia's xorshift: the same pages each time.
  let random = 0x2545f491
  for (let step = 0; step % 1000 !== 0 || step < 60_000 || !isEnough(); step++) {
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    const at = (random >>> 0) % 300
    counts[at]!++
    words[(at * page + 100) / 4]!++
  }
  for (let at = 0; at < counts.length; at++) {
    assert.equal(words[(at * page + 100) / 4], counts[at], `writes to page ${at}`)
  }
}
