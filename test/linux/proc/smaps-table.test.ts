import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SmapsTable } from '#vmarea/linux/proc/smaps-table.js'
import { VM } from '#vmarea/vocabulary/vm.js'
import { codesOfFlags, VM_FLAG_CODES } from '#vmarea/vocabulary/vm-flag-codes.js'
import type { VmaUsage } from '#vmarea/vocabulary/vma-usage.js'
import { kernelLine } from './kernel-line.js'
import { madeUpAreas } from './made-up-areas.js'

/** As `__show_smap` writes them. */
const FIELDS: readonly (readonly [label: string, field: keyof VmaUsage])[] = [
  ['Size', 'size'],
  ['KernelPageSize', 'kernelPageSize'],
  ['MMUPageSize', 'mmuPageSize'],
  ['Rss', 'rss'],
  ['Pss', 'pss'],
  ['Pss_Dirty', 'pssDirty'],
  ['Shared_Clean', 'sharedClean'],
  ['Shared_Dirty', 'sharedDirty'],
  ['Private_Clean', 'privateClean'],
  ['Private_Dirty', 'privateDirty'],
  ['Referenced', 'referenced'],
  ['Anonymous', 'anonymous'],
  ['KSM', 'ksm'],
  ['LazyFree', 'lazyFree'],
  ['AnonHugePages', 'anonHugePages'],
  ['ShmemPmdMapped', 'shmemPmdMapped'],
  ['FilePmdMapped', 'filePmdMapped'],
  ['Shared_Hugetlb', 'sharedHugetlb'],
  ['Private_Hugetlb', 'privateHugetlb'],
  ['Swap', 'swap'],
  ['SwapPss', 'swapPss'],
  ['Locked', 'locked'],
  ['FutureField', 'size'],
]

const value = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 10 ** 7, max: 10 ** 11 }))
const codes = fc.uniqueArray(
  fc.constantFrom(...Object.values(VM_FLAG_CODES).filter((code) => code !== undefined), 'zz'),
)

const block = fc.record({
  values: fc.array(value, { minLength: FIELDS.length, maxLength: FIELDS.length }),
  codes,
  key: fc.nat(15),
})

test('blocks of any numbers, fields and flags are read as they were meant, wherever the pieces are cut', () => {
  const kernel = fc.record({
    known: fc.subarray([...FIELDS.keys()], { minLength: 1 }),
    hasKeys: fc.boolean(),
  })
  fc.assert(
    fc.property(
      madeUpAreas,
      fc.array(block, { minLength: 40, maxLength: 40 }),
      kernel,
      fc.array(fc.nat()),
      (areas, blocks, { known, hasKeys }, cuts) => {
        const text = Buffer.concat(
          areas.map((area, index) => {
            const { values, codes, key } = blocks[index]!
            const lines = known.map(
              (field) => `${`${FIELDS[field]![0]}:`.padEnd(16)}${String(values[field]).padStart(8)} kB\n`,
            )
            lines.push(`THPeligible:    ${String(index % 2).padStart(8)}\n`)
            if (hasKeys) lines.push(`ProtectionKey:  ${String(key).padStart(8)}\n`)
            lines.push(`VmFlags: ${codes.map((code) => `${code} `).join('')}\n`)
            return Buffer.concat([kernelLine(area), ...lines.map((line) => Buffer.from(line))])
          }),
        )
        const table = inPieces(text, cuts)
        assert.equal(table.maps.count, areas.length)
        for (let row = 0; row < areas.length; row++) {
          const { values, codes, key } = blocks[row]!
          const usage = table.usage(row)
          for (const [index, [label, field]] of FIELDS.entries()) {
            if (label === 'FutureField') continue
            assert.equal(usage[field], known.includes(index) ? values[index]! * 1024 : undefined, label)
          }
          assert.equal(usage.thpEligible, row % 2)
          assert.equal(usage.protectionKey, hasKeys ? key : undefined)
          const details = table.details(row)
          assert.deepEqual(codesOfFlags(details.flags).sort(), codes.filter((code) => code !== 'zz').sort())
          assert.deepEqual(details.unknownFlagCodes, codes.includes('zz') ? ['zz'] : [])
          assert.equal((details.flags / VM.PKEY_BIT0) % 16n, hasKeys ? BigInt(key) : 0n)
          assert.equal(table.maps.start(row), areas[row]!.start)
        }
      },
    ),
  )
})

test('a block without flags at the end of the file is an error', () => {
  const table = new SmapsTable()
  const text = Buffer.from('1000-2000 rw-p 00000000 00:00 0 \nSize:                  4 kB\n')
  assert.equal(table.addAll(text, 0, text.length, false), 0)
  assert.throws(() => table.addAll(text, 0, text.length, true), { code: 'ERR_VMAREA_UNFORESEEN_TEXT' })
})

/** Feeds whole lines in pieces that end where the cuts say, as the reader does. */
function inPieces(text: Buffer, cuts: readonly number[]): SmapsTable {
  const table = new SmapsTable()
  const ends = [...cuts.map((cut) => text.indexOf(10, cut % (text.length + 1)) + 1), text.length].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) from = table.addAll(text, from, Math.max(end, from), false)
  table.addAll(text, from, text.length, true)
  return table
}

test('thousands of areas keep their own usage and flags, whether a neighbour has the same or not', () => {
  const count = 5000
  const rss = (index: number): number => (index % 3 === 0 ? index >>> 9 : index)
  const blocks = Array.from({ length: count }, (_, index) => {
    const start = (0x10000 + index * 16).toString(16)
    const end = (0x10000 + index * 16 + 8).toString(16)
    const line = `${start}000-${end}000 rw-p 00000000 00:00 0 \n`
    return `${line}Rss:            ${String(rss(index)).padStart(8)} kB\nVmFlags: rd${index % 6 === 0 ? ' wr' : ''} \n`
  })
  const text = Buffer.from(blocks.join(''))
  const table = inPieces(text, [70_000, 140_001, 200_002])
  assert.equal(table.maps.count, count)
  for (let row = 0; row < count; row++) {
    assert.equal(table.usage(row).rss, rss(row) * 1024, `row ${row}`)
    assert.equal(table.usage(row).pss, undefined)
    assert.equal((table.flags(row) & VM.WRITE) !== 0n, row % 6 === 0, `row ${row}`)
  }
})

test('an area that is listed twice, as after a merge, changes nothing of the areas after it', () => {
  const listed = [
    ['1000-2000', 4, 'rd'],
    ['1000-2000', 8, 'rd wr'],
    ['3000-4000', 12, 'rd ex'],
    ['5000-6000', 8, 'rd wr'],
  ].map(
    ([range, rss, flags]) =>
      `${range} rw-p 00000000 00:00 0 \nRss:            ${String(rss).padStart(8)} kB\nVmFlags: ${flags} \n`,
  )
  const table = inPieces(Buffer.from(listed.join('')), [])
  const read = Array.from({ length: table.maps.count }, (_, row) => [
    table.maps.start(row),
    table.usage(row).rss,
    table.flags(row),
  ])
  assert.deepEqual(read, [
    [0x1000n, 4096, VM.READ],
    [0x3000n, 12_288, VM.READ | VM.EXEC],
    [0x5000n, 8192, VM.READ | VM.WRITE],
  ])
})
