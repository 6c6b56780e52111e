import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type MmapMut, mapMut, memfd, pageSize, type ResidentRun } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'
import { seed } from '../support/seed.js'
import { temporaryFile } from '../support/temporary-folder.js'
import { isUsage, throwsUsage } from '../support/throws.js'

const page = pageSize()
const PAGES = 24
const SIZE = PAGES * page

const kinds = {
  'private memory': () => mapMut({ length: SIZE }),
  'private memory whose end is inside a page': () => mapMut({ length: SIZE - 100 }),
  'shared memory': () => mapMut({ length: SIZE, shared: true }),
  'a memory file': () => mapMut({ file: memfd('runs', { size: SIZE }), shared: true }),
  'a file from inside a page on': () => mapMut({ file: temporaryFile(SIZE), offset: page / 2 }),
  'private memory of the model': () => new Machine({ pageSize: page }).spawn().mapMut({ length: SIZE }),
  'shared memory of the model': () => new Machine({ pageSize: page }).spawn().mapMut({ length: SIZE, shared: true }),
}

/** What `resident` says of the pages of a range, as runs. */
function runsOf(memory: MmapMut, offset: number, length: number): ResidentRun[] {
  const lead = Number(memory.start % BigInt(page))
  const first = Math.floor((lead + offset) / page) * page - lead
  const runs: { offset: number; length: number }[] = []
  for (const [index, isResident] of memory.resident(offset, length).entries()) {
    if (isResident === 0) continue
    const start = Math.max(first + index * page, 0)
    const end = Math.min(first + (index + 1) * page, memory.size)
    const last = runs.at(-1)
    if (last !== undefined && last.offset + last.length === start) last.length = end - last.offset
    else runs.push({ offset: start, length: end - start })
  }
  return runs
}

for (const [name, make] of Object.entries(kinds)) {
  test(`${name}: the runs are those of resident(), after any writes and with any range`, async () => {
    const touch = fc.record({ page: fc.nat(PAGES - 2), gone: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(touch, { maxLength: 30 }),
        fc.nat(SIZE - page),
        fc.nat(SIZE),
        async (touches, from, bytes) => {
          using memory = make()
          memory.advise('nohugepage')
          const lead = Number(memory.start % BigInt(page))
          for (const { page: index, gone } of touches) {
            const offset = Math.max(index * page - lead, 0)
            if (gone && lead === 0) memory.advise('dontneed', offset, page)
            else memory.write(offset, new Uint8Array([1]))
          }
          const length = Math.min(bytes, memory.size - from)
          const expected = runsOf(memory, from, length)
          assert.deepEqual([...memory.residentRunsSync(from, length)], expected)
          const seen: ResidentRun[] = []
          for await (const run of memory.residentRuns(from, length)) seen.push(run)
          assert.deepEqual(seen, expected)
        },
      ),
      { seed, numRuns: 60 },
    )
  })
}

test('of a tebibyte with two pages in memory the two are found', () => {
  using memory = mapMut({ length: 2 ** 40, noReserve: true })
  memory.advise('nohugepage')
  const offsets = [5 * page, 2 ** 40 - page]
  for (const offset of offsets) memory.write(offset, new Uint8Array([1]))
  assert.deepEqual(
    [...memory.residentRunsSync()],
    offsets.map((offset) => ({ offset, length: page })),
  )
})

test('a run that crosses the steps of a large file is one run', async () => {
  using file = memfd('steps', { size: (2 ** 20 + 8) * page })
  using memory = mapMut({ file, shared: true, noReserve: true })
  for (let index = -2; index < 3; index++) memory.write((2 ** 20 + index) * page, new Uint8Array([1]))
  const runs: ResidentRun[] = []
  for await (const run of memory.residentRuns()) runs.push(run)
  assert.deepEqual(runs, [{ offset: (2 ** 20 - 2) * page, length: 5 * page }])
})

test('a mapping that ends between two runs ends the list with an error', async () => {
  const memory = mapMut({ length: SIZE })
  memory.advise('nohugepage')
  for (const index of [0, 2, 4]) memory.write(index * page, new Uint8Array([1]))
  const runs = memory.residentRuns()
  await runs.next()
  memory.unmap()
  await assert.rejects(
    async () => {
      for await (const _ of runs);
    },
    (error) => isUsage(error, 'ERR_VMAREA_UNMAPPED'),
  )
})

test('a range outside the mapping is refused', async () => {
  using memory = mapMut({ length: SIZE })
  throwsUsage(() => [...memory.residentRunsSync(0, SIZE + 1)], 'ERR_VMAREA_OUT_OF_RANGE')
  await assert.rejects(memory.residentRuns(-1, 1).next(), (error) => isUsage(error, 'ERR_VMAREA_OUT_OF_RANGE'))
})
