import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapMut, pageSize } from 'vmarea'
import { addon } from '#vmarea/linux/addon/addon.js'
import { Random } from '../differential/random.js'
import { seed } from '../support/seed.js'

const page = pageSize()

function digest(bytes: Uint8Array): number {
  const digests = new Float64Array(1)
  assert.equal(addon().digestPages(bytes, digests), 0)
  return digests[0]!
}

function randomPage(random: Random): Uint8Array {
  // Most bytes of a program's page are zeros or repeat.
  const most = random.pick([1, 2, 256])
  return Uint8Array.from({ length: page }, () => random.below(most))
}

test(`the digest of a page changes with each bit, each move of its words, and is 0 for zeros alone (seed ${seed})`, () => {
  const random = new Random(seed)
  assert.equal(digest(new Uint8Array(page)), 0)
  for (let round = 0; round < 200; round++) {
    const bytes = randomPage(random)
    const before = digest(bytes)
    assert.ok(Number.isSafeInteger(before) && before >= 0)
    assert.equal(digest(bytes.slice()), before)
    assert.equal(
      before === 0,
      bytes.every((byte) => byte === 0),
    )
    const bit = random.below(page * 8)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    assert.notEqual(digest(bytes), before, `bit ${bit}, round ${round}`)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const size = random.pick([8, 16, 64, 128])
    const [from, to] = [random.below(page / size) * size, random.below(page / size) * size]
    const swapped = bytes.slice()
    swapped.copyWithin(to, from, from + size)
    swapped.set(bytes.subarray(to, to + size), from)
    if (Buffer.compare(swapped, bytes) !== 0) {
      assert.notEqual(digest(swapped), before, `${size} bytes at ${from} and ${to}, round ${round}`)
    }
  }
})

test('every bit of a page of zeros makes another digest, also in the 48 bits that a swap keeps', () => {
  const bytes = new Uint8Array(page)
  const seen = new Set<number>()
  for (let bit = 0; bit < page * 8; bit++) {
    bytes[bit >> 3] = 1 << (bit & 7)
    seen.add(digest(bytes) % 2 ** 48)
    bytes[bit >> 3] = 0
  }
  assert.equal(seen.size, page * 8)
})

test('pages that are copied have the digests of their bytes, and memory that is gone is refused', () => {
  const memory = mapMut({ length: 4 * page })
  const random = new Random(seed)
  const bytes = Uint8Array.from({ length: 4 * page }, () => random.below(256))
  memory.write(0, bytes)
  const copy = new Uint8Array(4 * page)
  const [copied, own] = [new Float64Array(4), new Float64Array(4)]
  assert.equal(addon().copyAndDigestPages(Number(memory.start), copy, copied), 0)
  assert.equal(addon().digestPages(bytes, own), 0)
  assert.deepEqual(copy, bytes)
  assert.deepEqual(copied, own)
  const { start } = memory
  memory.unmap()
  assert.ok(addon().copyAndDigestPages(Number(start), copy, copied) < 0)
})
