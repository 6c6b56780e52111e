import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageStoreHost } from '#vmarea/linux/page-store-host.js'
import { ERRNO_RESULT } from '#vmarea/vocabulary/errno-result.js'
import { Random } from '../fuzz/random.js'
import { seed } from '../support/seed.js'

const pageSize = 4096
const { decompressLz4 } = pageStoreHost
/** The optional package has a binary for each C library, and the checkout that of its own machine. */
const lz4 = await import('lz4-napi').catch(() => undefined)
const skip = lz4 === undefined && 'lz4-napi has no binary for this machine here'

/** Runs of one byte, of short patterns, of noise and of what came before, of all lengths. */
function content(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const size = Math.min(length - at, 1 + random.below(2 ** (1 + random.below(10))))
    const period = 1 + random.below(40)
    const kind = random.below(3)
    for (let index = at; index < at + size; index++) {
      if (kind === 0) bytes[index] = random.below(256)
      else if (kind === 1 && index >= period) bytes[index] = bytes[index - period]!
      else bytes[index] = kind
    }
    at += size
  }
  return bytes
}

test('what lz4-napi compressed comes back, whatever it was', { skip }, () => {
  const random = new Random(seed)
  for (let round = 0; round < 2000; round++) {
    const length = round < 100 ? round : 1 + random.below(2 * pageSize)
    const bytes = content(random, length)
    const into = new Uint8Array(length)
    assert.equal(decompressLz4(lz4!.compressSync(bytes).subarray(4), into), length)
    assert.ok(bytes.equals(into), `seed ${seed}, round ${round}`)
  }
})

test('into less room than a block needs is refused, and more room is left as it was', { skip }, () => {
  const bytes = content(new Random(seed), pageSize)
  const block = lz4!.compressSync(bytes).subarray(4)
  for (const less of [1, 2, 16, 100, pageSize]) {
    assert.equal(decompressLz4(block, new Uint8Array(pageSize - less)), ERRNO_RESULT.EINVAL)
  }
  const roomy = new Uint8Array(pageSize + 64).fill(7)
  assert.equal(decompressLz4(block, roomy.subarray(0, pageSize)), pageSize)
  assert.deepEqual(roomy.subarray(pageSize), new Uint8Array(64).fill(7))
})

test('bytes that are no block are an error or other bytes, and nothing beside the room is written', { skip }, () => {
  const random = new Random(seed)
  for (let round = 0; round < 5000; round++) {
    const block = lz4!.compressSync(content(random, pageSize)).subarray(4)
    const damaged = Buffer.from(round % 2 === 0 ? block : block.subarray(0, random.below(block.length)))
    for (let count = random.below(4); count >= 0 && damaged.length > 0; count--) {
      damaged[random.below(damaged.length)] = random.below(256)
    }
    const room = new Uint8Array(pageSize + 128).fill(7)
    const done = decompressLz4(damaged, room.subarray(64, 64 + pageSize))
    assert.ok(done === ERRNO_RESULT.EINVAL || (done >= 0 && done <= pageSize), `seed ${seed}, round ${round}: ${done}`)
    for (const beside of [room.subarray(0, 64), room.subarray(64 + pageSize)]) {
      assert.ok(
        beside.every((byte) => byte === 7),
        `seed ${seed}, round ${round}`,
      )
    }
  }
})

test('each way in which a block can be wrong is refused', () => {
  const refused: { readonly [why: string]: readonly number[] } = {
    'no token': [],
    'literals past the end': [0x20, 1],
    'a length without its last byte': [0xf0, 255],
    'a match without an offset': [0x10, 1, 1],
    'the offset 0': [0x10, 1, 0, 0, 0x00],
    'an offset before the beginning': [0x10, 1, 2, 0, 0x00],
    'a match at the end': [0x10, 1, 1, 0],
    'a length of a match without its last byte': [0x1f, 1, 1, 0],
  }
  for (const [why, bytes] of Object.entries(refused)) {
    assert.equal(decompressLz4(Uint8Array.from(bytes), new Uint8Array(pageSize)), ERRNO_RESULT.EINVAL, why)
  }
  const into = new Uint8Array(6)
  assert.equal(decompressLz4(Uint8Array.from([0x11, 9, 1, 0, 0x00]), into), 6)
  assert.deepEqual(into, new Uint8Array(6).fill(9))
})
