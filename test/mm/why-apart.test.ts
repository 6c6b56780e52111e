import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { thisProcess, whyApart } from '#vmarea/index.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { calls, mapRaw, PAGE, unmapAll } from '../linux/raw-maps.js'

afterEach(() => unmapAll())

/** The reasons at a boundary that stands. */
function why(boundary: bigint): string[] {
  using guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
  const below = guard.vmaLookup(boundary - 1n)!
  const above = guard.vmaLookup(boundary)!
  assert.equal(below.end, boundary, 'the kernel has merged them')
  return whyApart(below, above)
}

const length = Number(PAGE)

test('flags that differ are named', () => {
  const start = mapRaw(2, MAP.PRIVATE)
  calls.madvise(start + PAGE, length, MADV.DONTFORK)
  assert.deepEqual(why(start + PAGE), ['their flags differ: none below, dc above'])
  calls.mprotect(start + PAGE, length, PROT.READ)
  assert.match(why(start + PAGE)[0]!, /their flags differ: wr.* below, dc.* above/)
})

test('files that differ, and a file that does not continue at the boundary are named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-apart-'))
  const [one, other] = ['one', 'other'].map((name) => {
    writeFileSync(join(folder, name), Buffer.alloc(4 * length))
    return openSync(join(folder, name), 'r')
  }) as [number, number]
  const flags = MAP.PRIVATE | MAP.FIXED
  const start = mapRaw(3, MAP.PRIVATE, { protection: PROT.NONE })
  calls.mmap(start, length, PROT.READ, flags, one, 0)
  calls.mmap(start + PAGE, length, PROT.READ, flags, other, length)
  calls.mmap(start + 2n * PAGE, length, PROT.READ, flags, other, 0)
  assert.deepEqual(why(start + PAGE), ['they are of different files'])
  assert.deepEqual(why(start + 2n * PAGE), ['the file does not continue where the lower one ends'])
  closeSync(one)
  closeSync(other)
  rmSync(folder, { recursive: true })
})

test('areas that are equal in all that can be seen differ in what can not be seen', () => {
  const start = mapRaw(4, MAP.PRIVATE, { protection: PROT.NONE })
  // Two that were written at other addresses and moved together do not go on in each other.
  for (const place of [0n, 1n]) {
    const from = mapRaw(1, MAP.PRIVATE)
    calls.madvise(from, length, MADV.POPULATE_WRITE)
    calls.mremap(from, length, length, 3, start + place * PAGE)
  }
  assert.match(why(start + PAGE)[0]!, /^they are equal in all that can be seen: their memory was written separately/)
})

test('areas that do not touch', () => {
  const start = mapRaw(3, MAP.PRIVATE)
  calls.munmap(start + PAGE, length)
  using guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
  assert.deepEqual(whyApart(guard.vmaLookup(start)!, guard.vmaLookup(start + 2n * PAGE)!), ['they do not touch'])
})
