import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endOfUserAddresses } from '#vmarea/linux/proc/end-of-user-addresses.js'

const machines: [name: string, pageSize: bigint, end: bigint][] = [
  ['x86-64 with four levels', 4096n, (1n << 47n) - 4096n],
  ['x86-64 with five levels', 4096n, (1n << 56n) - 4096n],
  ['arm64 with 39 bits', 4096n, 1n << 39n],
  ['arm64 with 48 bits', 4096n, 1n << 48n],
  ['arm64 with 36 bits and pages of 16 KiB', 16384n, 1n << 36n],
  ['arm64 with 47 bits and pages of 16 KiB', 16384n, 1n << 47n],
  ['arm64 with 48 bits and pages of 16 KiB', 16384n, 1n << 48n],
  ['arm64 with 42 bits and pages of 64 KiB', 65536n, 1n << 42n],
  ['arm64 with 52 bits and pages of 64 KiB', 65536n, 1n << 52n],
]

for (const [name, pageSize, end] of machines) {
  test(`the end of addresses is found on ${name}, by ranges of whole pages`, () => {
    const found = endOfUserAddresses(pageSize, (start, to) => {
      assert.equal(start % pageSize, 0n, `${start} lies on a border of pages`)
      return to <= end
    })
    assert.equal(found, end)
  })
}

test('a kernel that takes no range has no end that is known', () => {
  assert.equal(
    endOfUserAddresses(4096n, () => false),
    undefined,
  )
})
