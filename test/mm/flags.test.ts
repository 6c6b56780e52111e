import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VM as OF_DEVICES } from '#vmarea/device.js'
import {
  codesOfFlags,
  flagNames,
  flags,
  flagsByCode,
  VM,
  VM_FLAG_CODES,
  VM_FLAG_MEANINGS,
  type VmFlagName,
} from '#vmarea/index.js'

/** The constants of the kernel's Rust module, with the values of its C header on x86-64. */
const OF_THE_KERNEL: Record<string, bigint> = {
  NONE: 0x0n,
  READ: 0x1n,
  WRITE: 0x2n,
  EXEC: 0x4n,
  SHARED: 0x8n,
  MAYREAD: 0x10n,
  MAYWRITE: 0x20n,
  MAYEXEC: 0x40n,
  MAYSHARE: 0x80n,
  PFNMAP: 0x400n,
  IO: 0x4000n,
  DONTCOPY: 0x20000n,
  DONTEXPAND: 0x40000n,
  LOCKONFAULT: 0x80000n,
  ACCOUNT: 0x100000n,
  NORESERVE: 0x200000n,
  HUGETLB: 0x400000n,
  SYNC: 0x800000n,
  ARCH_1: 0x1000000n,
  WIPEONFORK: 0x2000000n,
  DONTDUMP: 0x4000000n,
  SOFTDIRTY: 0x8000000n,
  MIXEDMAP: 0x10000000n,
  HUGEPAGE: 0x20000000n,
  NOHUGEPAGE: 0x40000000n,
  MERGEABLE: 0x80000000n,
}

test('the 26 constants of the kernel are there under their names', () => {
  assert.equal(Object.keys(OF_THE_KERNEL).length, 26)
  for (const [name, value] of Object.entries(OF_THE_KERNEL)) assert.equal(flags[name as VmFlagName], value, name)
  assert.equal(VM, flags)
  assert.equal(OF_DEVICES, flags)
})

test('each flag is one bit of its own, with a sentence', () => {
  const values = Object.values(VM).filter((value) => value !== 0n)
  assert.equal(new Set(values).size, values.length)
  for (const value of values) assert.equal(value & (value - 1n), 0n)
  for (const name of Object.keys(VM) as VmFlagName[]) assert.match(VM_FLAG_MEANINGS[name], /^\S.*\.$/)
  assert.deepEqual(Object.keys(VM_FLAG_MEANINGS).sort(), Object.keys(VM).sort())
})

test('codes go both ways', () => {
  const coded = Object.keys(VM_FLAG_CODES) as VmFlagName[]
  assert.equal(new Set(Object.values(VM_FLAG_CODES)).size, coded.length)
  fc.assert(
    fc.property(fc.subarray(coded), (names) => {
      const set = names.reduce((bits, name) => bits | VM[name], 0n)
      const codes = codesOfFlags(set)
      assert.deepEqual(flagsByCode(codes.join(' ')), { flags: set, unknown: [] })
      assert.deepEqual(new Set(flagNames(set)), new Set(names))
    }),
  )
  assert.deepEqual(codesOfFlags(VM.WRITE | VM.READ | VM.SEALED | VM.ALLOW_ANY_UNCACHED), ['rd', 'wr', '??', 'sl'])
  assert.deepEqual(flagsByCode('rd zz ?? '), { flags: VM.READ, unknown: ['zz', '??'] })
})
