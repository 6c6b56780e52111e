import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { crc32, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import type { Algorithm } from '#vmarea/devices/blocks/algorithm.js'
import { BLOCK_KIND } from '#vmarea/devices/blocks/block-kind.js'
import { BlockReader } from '#vmarea/devices/blocks/block-reader.js'
import { packFile } from '#vmarea/devices/blocks/pack-file.js'
import type { PackOptions } from '#vmarea/devices/blocks/pack-options.js'
import { PackedFile } from '#vmarea/devices/blocks/packed-file.js'
import { unpackFile } from '#vmarea/devices/blocks/unpack-file.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { Random } from '../differential/random.js'
import { seed } from '../support/seed.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { isVm, throwsVm } from '../support/throws.js'
import { contents } from './contents.js'
import { FOOTER_LENGTH, forge, HEADER_LENGTH } from './forge.js'

const ALGORITHMS: readonly Algorithm[] = ['gzip', 'deflate', 'brotli']
const CACHE = 1 << 20

let names = 0
const newPath = () => join(temporaryFolder, `new-${names++}`)

async function* inChunks(bytes: Uint8Array, random: Random): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const chunk = bytes.subarray(at, at + 1 + random.below(200_000))
    yield chunk
    at += chunk.length
  }
}

async function packed(bytes: Uint8Array, options: PackOptions = {}): Promise<string> {
  const path = newPath()
  await packFile(inChunks(bytes, new Random(seed)), path, options)
  return path
}

/** Blocks of each kind, in a file that is small enough to try something with each of its bytes. */
function eachKind(): Buffer {
  const random = new Random(seed)
  const noise = Buffer.from(Array.from({ length: 4096 }, () => random.below(256)))
  return Buffer.concat([noise, Buffer.alloc(4096), Buffer.alloc(4096, 'some text, '), Buffer.from('the last')])
}

function readAll(path: string): Buffer {
  using file = new PackedFile(path)
  return Buffer.concat([...file.index].map((entry) => file.read(entry, true)))
}

test('whatever is packed, by each algorithm and in blocks of any size, is read again, in any part and as a whole', async () => {
  const random = new Random(seed)
  for (let round = 0; round < 12; round++) {
    const algorithm = ALGORITHMS[round % 3]!
    const blockSize = 4096 * (1 + random.below(random.pick([4, 40])))
    const bytes = contents(random.pick([0, 1, blockSize, 3 * blockSize, random.below(2_000_000)]), random)
    const path = newPath()
    const options = { algorithm, blockSize, level: 1 + random.below(4) }
    const summary = await packFile(inChunks(bytes, random), path, options)
    const about = JSON.stringify({ round, ...options, length: bytes.length })
    assert.equal(summary.size, bytes.length, about)
    assert.equal(summary.packedSize, readFileSync(path).length, about)
    assert.equal(summary.blocks, Math.ceil(bytes.length / blockSize), about)
    if (algorithm === 'gzip') assert.ok(gunzipSync(readFileSync(path)).equals(bytes), about)
    using file = new PackedFile(path)
    const reader = new BlockReader(file, random.pick([0, blockSize, CACHE]))
    for (let part = 0; part < 60; part++) {
      const offset = random.below(bytes.length + 5000)
      const target = Buffer.alloc(random.below(random.pick([10, 4096, 3 * blockSize])), 0xaa)
      reader.read(offset, target)
      const expected = Buffer.alloc(target.length)
      bytes.copy(expected, 0, Math.min(offset, bytes.length), offset + target.length)
      assert.ok(target.equals(expected), `${about}: ${target.length} bytes at ${offset}`)
    }
    const whole = newPath()
    await unpackFile(file, whole)
    assert.ok(readFileSync(whole).equals(bytes), about)
  }
})

test('gunzip, too, unpacks what gzip has packed, and finds nothing wrong with it', {
  skip: spawnSync('gunzip', ['--version']).status !== 0 && 'needs gunzip',
}, async () => {
  const bytes = Buffer.concat([contents(700_000, new Random(seed)), Buffer.alloc(300_000)])
  const path = await packed(bytes, { blockSize: 16384 })
  assert.ok(execFileSync('gunzip', ['-c'], { input: readFileSync(path), maxBuffer: 1 << 24 }).equals(bytes))
})

test('zeros take no room, but for gzip, which must find them; what does not shrink is stored, but for gzip likewise', async () => {
  for (const algorithm of ALGORITHMS) {
    using file = new PackedFile(await packed(eachKind(), { algorithm, blockSize: 4096 }))
    const [noise, zeros, text, last] = [...file.index]
    assert.equal(noise!.kind, algorithm === 'gzip' ? BLOCK_KIND.COMPRESSED : BLOCK_KIND.STORED)
    assert.equal(zeros!.kind, BLOCK_KIND.ZEROS)
    if (algorithm === 'gzip') assert.ok(zeros!.packedLength < 50)
    else assert.equal(zeros!.packedLength, 0)
    assert.equal(text!.kind, BLOCK_KIND.COMPRESSED)
    assert.equal(last!.length, 8)
    assert.equal(last!.checksum, crc32('the last'))
  }
})

test('more blocks than one frame of the index holds', async () => {
  const bytes = Buffer.alloc(4096 * 4096 * 2 + 5)
  bytes.write('here', 4096 * 5000 + 17)
  for (const algorithm of ['gzip', 'deflate'] as const) {
    const path = await packed(bytes, { algorithm, blockSize: 4096 })
    using file = new PackedFile(path)
    assert.equal(file.index.count, 8193)
    const target = Buffer.alloc(4096)
    new BlockReader(file, 0).read(4096 * 5000, target)
    assert.ok(target.equals(bytes.subarray(4096 * 5000, 4096 * 5001)))
    if (algorithm === 'gzip') assert.ok(gunzipSync(readFileSync(path)).equals(bytes))
  }
})

test('a block that lies past 4 GiB in the file is found', () => {
  const blockSize = 16 << 20
  const count = 300
  const last = Buffer.from('the very last')
  const checksum = crc32(Buffer.alloc(blockSize))
  const entries = Array.from({ length: count }, () => ({ kind: BLOCK_KIND.STORED, packedLength: blockSize, checksum }))
  entries.push({ kind: BLOCK_KIND.STORED, packedLength: last.length, checksum: crc32(last) })
  const path = newPath()
  forge(path, { blockSize, size: count * blockSize + last.length, entries, data: [[count * blockSize, last]] })
  using file = new PackedFile(path)
  assert.ok(file.packedSize > 2 ** 32)
  const target = Buffer.alloc(last.length)
  new BlockReader(file, 0).read(count * blockSize, target)
  assert.deepEqual(target, last)
})

test('a packed file of which any byte of header, index or footer was changed is refused when it is opened', async () => {
  const random = new Random(seed)
  for (const algorithm of ALGORITHMS) {
    const good = readFileSync(await packed(eachKind(), { algorithm, blockSize: 4096 }))
    const path = temporaryFile(good)
    const indexAt = good.length - FOOTER_LENGTH - (16 + 4 * 8 + 10)
    for (let at = 0; at < good.length; at++) {
      if (at === HEADER_LENGTH) at = indexAt
      const bad = Buffer.from(good)
      bad[at]! ^= 1 + random.below(255)
      writeFileSync(path, bad)
      assert.throws(
        () => new PackedFile(path),
        (error) => error instanceof VmError && ['EINVAL', 'EIO'].includes(error.code) && error.message.includes(path),
        `${algorithm}: byte ${at}`,
      )
    }
    writeFileSync(path, good)
    new PackedFile(path).close()
  }
})

test('a packed file that was cut short anywhere, or to which something was appended, is refused when it is opened', async () => {
  for (const algorithm of ALGORITHMS) {
    const good = readFileSync(await packed(eachKind(), { algorithm, blockSize: 4096 }))
    const path = temporaryFile(good)
    for (let length = good.length - 1; length >= 0; length--) {
      truncateSync(path, length)
      throwsVm(() => new PackedFile(path), length < HEADER_LENGTH ? 'EINVAL' : 'EIO')
    }
    writeFileSync(path, good)
    appendFileSync(path, Buffer.alloc(FOOTER_LENGTH))
    throwsVm(() => new PackedFile(path), 'EIO', /appended/)
  }
})

test('a packed file inside of a packed file, cut where the inner one ends, is refused', async () => {
  const inner = readFileSync(await packed(eachKind(), { algorithm: 'deflate', blockSize: 4096 }))
  const path = newPath()
  const entry = { kind: BLOCK_KIND.STORED, packedLength: inner.length, checksum: crc32(inner) }
  forge(path, { blockSize: 65536, size: inner.length, entries: [entry], data: [[0, inner]] })
  assert.ok(readAll(path).equals(inner))
  truncateSync(path, HEADER_LENGTH + inner.length)
  throwsVm(() => new PackedFile(path), 'EIO')
})

test('of damaged blocks nothing wrong is ever read: EIO names block and file, and the others are as they were', async () => {
  const random = new Random(seed)
  const bytes = eachKind()
  for (const algorithm of ALGORITHMS) {
    const good = readFileSync(await packed(bytes, { algorithm, blockSize: 4096 }))
    const path = temporaryFile(good)
    using opened = new PackedFile(path)
    const entries = [...opened.index]
    const end = entries.at(-1)!.packedOffset + entries.at(-1)!.packedLength
    let failures = 0
    for (let at = HEADER_LENGTH; at < end; at += 1 + random.below(8)) {
      const bad = Buffer.from(good)
      bad[at]! ^= 1 + random.below(255)
      writeFileSync(path, bad)
      using file = new PackedFile(path)
      for (const entry of entries) {
        const hit = at >= entry.packedOffset && at < entry.packedOffset + entry.packedLength
        try {
          const read = Buffer.from(file.read(entry))
          assert.ok(read.equals(bytes.subarray(entry.start, entry.start + entry.length)), `${algorithm}: byte ${at}`)
        } catch (error) {
          assert.ok(hit, `${algorithm}: byte ${at} has nothing to do with block ${entry.number}`)
          isVm(error, 'EIO', new RegExp(`'${path}': block ${entry.number} at byte ${entry.packedOffset}, which holds`))
          failures++
        }
      }
    }
    assert.ok(failures > 100, `${algorithm}: ${failures} found`)
  }
})

test('a check reads the bytes in the file for zeros, and a read does not require them', async () => {
  const path = await packed(eachKind(), { blockSize: 4096 })
  using file = new PackedFile(path)
  const entry = file.index.at(1)
  const bad = readFileSync(path)
  bad[entry.packedOffset + 15]! ^= 1
  writeFileSync(path, bad)
  assert.deepEqual(Buffer.from(file.read(entry)), Buffer.alloc(4096))
  throwsVm(() => file.read(entry, true), 'EIO', /block 1 /)
})

test('a file that is truncated or changed while it is open: an error for the lost blocks, and the others still work', async () => {
  const bytes = eachKind()
  for (const algorithm of ALGORITHMS) {
    const path = await packed(bytes, { algorithm, blockSize: 4096 })
    using file = new PackedFile(path)
    const [noise, zeros, text] = [...file.index]
    truncateSync(path, text!.packedOffset + 1)
    throwsVm(() => file.read(text!), 'EIO', /block 2 .*cut short while open/)
    assert.deepEqual(Buffer.from(file.read(noise!)), bytes.subarray(0, 4096))
    assert.equal(file.read(zeros!)[0], 0)
    writeFileSync(path, Buffer.alloc(10_000, 1))
    throwsVm(() => file.read(noise!), 'EIO', /block 0 /)
    assert.equal(file.read(zeros!)[0], 0)
  }
})

test('an index that lies is refused, whatever its checksum: lengths, kinds, sizes that can not be', () => {
  const text = deflateRawSync(Buffer.alloc(4096, 'text'))
  const checksum = crc32(Buffer.alloc(4096, 'text'))
  const zeros = { kind: 0, packedLength: 0, checksum: crc32(Buffer.alloc(4096)) }
  const entry = { kind: 2, packedLength: text.length, checksum }
  const good = { size: 8192, entries: [entry, zeros], data: [[0, text]] as const }
  const path = newPath()
  forge(path, good)
  assert.deepEqual(readAll(path), Buffer.concat([Buffer.alloc(4096, 'text'), Buffer.alloc(4096)]))
  const lies: [forged: Partial<Parameters<typeof forge>[1]>, code: string, message: RegExp][] = [
    [{ version: 2 }, 'EINVAL', /version 2, and only 1 is known/],
    [{ number: 77 }, 'EINVAL', /algorithm 77/],
    [{ number: 1 }, 'EINVAL', /algorithm 1,/],
    [{ blockSize: 0 }, 'EIO', /blocks are said to be of 0 bytes/],
    [{ blockSize: 4097 }, 'EIO', /of 4097 bytes/],
    [{ blockSize: 2 ** 31 }, 'EIO', /of 2147483648 bytes/],
    [{ size: 8193 }, 'EIO', /index is damaged/],
    [{ size: 4096 }, 'EIO', /index is damaged/],
    [{ size: 0 }, 'EIO', /checksum of its index/],
    [{ size: 2 ** 40 }, 'EIO', /too short for the index/],
    [{ size: 2n ** 64n - 1n }, 'EIO', /too short for the index/],
    [{ dataLength: text.length + 1 }, 'EIO', /said to end at byte/],
    [{ dataLength: text.length - 1 }, 'EIO', /said to end at byte/],
    [{ entries: [{ ...entry, kind: 3 }, zeros] }, 'EIO', /block 0 is said to be of kind 3/],
    [{ entries: [{ ...entry, kind: 1 }, zeros] }, 'EIO', /block 0 of 4096 bytes is said to take/],
    [{ entries: [{ ...entry, kind: 0 }, zeros] }, 'EIO', /block 0 of 4096 bytes is said to take/],
    [{ entries: [{ ...entry, packedLength: 0 }, zeros] }, 'EIO', /said to take 0/],
    [{ entries: [entry, { ...zeros, packedLength: 4096, kind: 2 }] }, 'EIO', /said to take 4096/],
    [{ entries: [entry, { ...zeros, checksum: 1 }] }, 'EIO', /zeros, and its checksum/],
    [{ algorithm: 'gzip', entries: [{ ...entry, kind: 1 }, zeros] }, 'EIO', /of kind 1/],
    [{ algorithm: 'gzip', entries: [entry, zeros] }, 'EIO', /block 1 of 4096 bytes is said to take 0/],
  ]
  for (const [lie, code, message] of lies) {
    forge(path, { ...good, ...lie })
    throwsVm(() => new PackedFile(path), code, message)
  }
})

test('a block that would give more than a block is an error, and is not unpacked; so is one that gives less', () => {
  const path = newPath()
  const bomb = (bytes: Buffer, pack: (bytes: Buffer) => Buffer, algorithm: Algorithm) => {
    const data = pack(bytes)
    const blockSize = 1 << 20
    const entry = { kind: 2, packedLength: data.length, checksum: crc32(bytes.subarray(0, blockSize)) }
    forge(path, { algorithm, blockSize, size: blockSize, entries: [entry], data: [[0, data]] })
    using file = new PackedFile(path)
    const before = process.memoryUsage().arrayBuffers
    throwsVm(() => file.read(file.index.at(0)), 'EIO', /block 0 at byte 42, .*: it gives (more than|1000 bytes)/)
    assert.ok(process.memoryUsage().arrayBuffers - before < 20 << 20)
  }
  bomb(Buffer.alloc(200 << 20, 1), (bytes) => deflateRawSync(bytes, { level: 1 }), 'deflate')
  bomb(Buffer.alloc(200 << 20, 1), (bytes) => gzipSync(bytes, { level: 1 }), 'gzip')
  bomb(Buffer.alloc(1000), (bytes) => deflateRawSync(bytes), 'deflate')
})

test('what is no packed file at all is refused in so many words', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(5000), gzipSync('text'), Buffer.from('#!/bin/sh\n'.repeat(50))]) {
    throwsVm(() => new PackedFile(temporaryFile(bytes)), 'EINVAL', /this is no packed file: vmarea pack makes one/)
  }
  throwsVm(() => new PackedFile(temporaryFolder), 'EINVAL', /no regular file/)
  throwsVm(() => new PackedFile('/dev/null'), 'EINVAL', /no regular file/)
  throwsVm(() => new PackedFile(join(temporaryFolder, 'none')), 'ENOENT')
  const fifo = newPath()
  execFileSync('mkfifo', [fifo])
  throwsVm(() => new PackedFile(fifo), 'EINVAL', /no regular file/)
})

test('page by page, a block is decompressed once as long as the cache has room; what was not used for longest goes first', async () => {
  const blockSize = 65536
  const path = await packed(Buffer.alloc(4 * blockSize, 'some text'), { blockSize })
  using file = new PackedFile(path)
  const read = mock.method(file, 'read')
  const page = new Uint8Array(4096)
  const touch = (reader: BlockReader, ...blocks: number[]) => {
    const before = read.mock.callCount()
    for (const block of blocks) reader.read(block * blockSize + 8192, page)
    return read.mock.callCount() - before
  }
  const two = new BlockReader(file, 2 * blockSize + 100)
  assert.equal(touch(two, 0, 0, 1, 0, 1), 2)
  assert.equal(touch(two, 0, 2, 0), 1)
  assert.equal(touch(two, 1), 1)
  assert.equal(touch(two, 0, 2), 1)
  assert.equal(touch(new BlockReader(file, blockSize - 1), 0, 0), 2)
  const whole = new BlockReader(file, CACHE)
  whole.read(0, new Uint8Array(4 * blockSize))
  assert.equal(touch(whole, 0, 1), 2, 'a block that was wanted whole is not kept')
})

test('a closed file reads nothing, and may be closed again', async () => {
  const file = new PackedFile(await packed(eachKind()))
  file.close()
  file.close()
  throwsVm(() => file.read(file.index.at(0)), 'EBADF', /closed/)
})
