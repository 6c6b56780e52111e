import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadAhead } from '#vmarea/paging/read-ahead.js'

const KIB = 1024

/** The lengths in KiB of the runs that a sequential read asks for. */
function lengths(most: number, count: number): number[] {
  const readAhead = new ReadAhead({ least: 4 * KIB, most: most * KIB })
  const asked: number[] = []
  for (let offset = 0; asked.length < count; offset += asked.at(-1)! * KIB) {
    const length = readAhead.lengthAt(offset)
    readAhead.began(offset, length, length)
    asked.push(length / KIB)
  }
  return asked
}

test('a run read in order grows four times as long below a sixteenth of the longest, then twice, as in the kernel', () => {
  assert.deepEqual(lengths(4096, 10), [4, 16, 64, 256, 512, 1024, 2048, 4096, 4096, 4096])
  assert.deepEqual(lengths(64, 6), [4, 8, 16, 32, 64, 64])
  assert.deepEqual(lengths(4, 3), [4, 4, 4])
})
