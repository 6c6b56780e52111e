import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { kernel, page } from './memory.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison', 'minor_shmem')
const process = thisProcess()
const byte = new Uint8Array(1)

/** The reasons that reading and writing a page give, guarded and plain. */
function reasons(mapping: ReturnType<typeof process.mapMut>, index: number): Set<string> {
  const accesses = [
    () => mapping.read(index * page, byte),
    () => mapping.write(index * page, byte),
    () => mapping.access((bytes) => bytes[index * page]),
    () => {
      void mapping.bytes[index * page]
      mapping.access(() => {})
    },
  ]
  return new Set(
    accesses.map((access) => {
      try {
        access()
        return 'none'
      } catch (error) {
        if (error instanceof MemoryFault) return error.reason
        throw error
      } finally {
        mapping.restore()
      }
    }),
  )
}

for (const shared of [true, false]) {
  for (const modes of [['missing'], ['missing', 'minor'], ['minor']] as const) {
    const area = `a ${shared ? 'shared' : 'private'} map of a memory file, watched for ${modes.join(' and ')}`
    test(`${area}: poison is reported as such, by every access, in the page cache or not, and the end of the file as that`, {
      skip,
    }, () => {
      using uffd = bindUserfaultfd(() => kernel).create({ features: ['minor_shmem', 'missing_shmem'] })
      using file = process.memfd('poisoned', { size: 4 * page })
      using writer = process.mapMut({ file, shared: true })
      writer.write(0, new Uint8Array(2 * page).fill(5))
      using mapping = process.mapMut({ file, shared, length: 5 * page })
      uffd.register(mapping.start, 4 * page, [...modes])
      for (const index of [0, 2]) uffd.poison(mapping.start + BigInt(index * page), page)
      assert.deepEqual(reasons(mapping, 0), new Set(['poisoned']))
      assert.deepEqual(reasons(mapping, 2), new Set(['poisoned']))
      assert.deepEqual(reasons(mapping, 4), new Set(['past-end-of-file']))
      assert.equal(writer.read(0, byte)[0], 5, 'the file itself is sound')

      // What takes poison away, and what does not.
      kernel.calls.madvise(writer.start, page, MADV.REMOVE)
      assert.deepEqual(reasons(mapping, 0), new Set(['poisoned']), 'a hole in the file does not')
      writer.write(0, byte.fill(6))
      kernel.calls.madvise(mapping.start, page, MADV.DONTNEED)
      if (modes[0] === 'minor' || modes.length === 2) uffd.continue(mapping.start, page)
      assert.equal(mapping.read(0, byte)[0], 6, 'MADV_DONTNEED does')
    })
  }
}

test('an answer goes over poison where the page is in the file', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['minor_shmem', 'missing_shmem'] })
  using file = process.memfd('poisoned', { size: page })
  using writer = process.mapMut({ file, shared: true })
  using mapping = process.mapMut({ file, shared: true })
  uffd.register(mapping.start, page, ['missing', 'minor'])
  uffd.poison(mapping.start, page)
  writer.write(0, byte.fill(3))
  assert.equal(uffd.continue(mapping.start, page), page)
  assert.equal(mapping.read(0, byte)[0], 3)
})
