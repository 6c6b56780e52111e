import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync, realpathSync, truncateSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { packFile } from '#vmarea/devices/blocks/pack-file.js'
import type { PackOptions } from '#vmarea/devices/blocks/pack-options.js'
import { PackedFile } from '#vmarea/devices/blocks/packed-file.js'
import type { BlocksOptions } from '#vmarea/devices/blocks.js'
import { thisProcess } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { Random } from '../differential/random.js'
import { seed } from '../support/seed.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { isUsage, isVm, throwsVm } from '../support/throws.js'
import { skipWithout } from '../userfaultfd/skip.js'
import { contents } from './contents.js'

const BLOCKS = import.meta.resolve('#vmarea/devices/blocks.js')
const PAGE = 4096

let names = 0
async function packed(bytes: Uint8Array, options: PackOptions = {}): Promise<string> {
  const path = join(temporaryFolder, `packed-${names++}`)
  await packFile(temporaryFile(bytes), path, options)
  return path
}

const kernels = [
  { name: 'the modelled kernel', skip: false as string | false, process: () => new Machine().spawn() },
  {
    name: 'the running kernel',
    skip: skipWithout('missing_shmem', 'minor_shmem', 'poison'),
    process: () => thisProcess(),
  },
]

/** A misuse inside of a driver's setup may come as the cause of what the device says. */
function rootOf(error: unknown): unknown {
  return error instanceof VmError && error.cause !== undefined ? error.cause : error
}

for (const { name, skip, process } of kernels) {
  const open = (driver: unknown, run: number | undefined = undefined) =>
    process().openDevice<BlocksOptions>(BLOCKS, {
      driver: driver as BlocksOptions,
      ...(run === undefined ? {} : { run }),
    })

  test(`${name}: the memory of the device is what was packed, whatever the algorithm, the blocks and the run`, {
    skip,
  }, async () => {
    const random = new Random(seed)
    for (const algorithm of ['gzip', 'deflate', 'brotli'] as const) {
      for (const run of [PAGE, 5 * PAGE, 1 << 20]) {
        const blockSize = PAGE * (1 + random.below(20))
        const bytes = contents(300_000 + random.below(400_000), random)
        const path = await packed(bytes, { algorithm, blockSize, level: 1 })
        await using device = await open({ path, cache: random.pick([0, 1 << 20]) }, run)
        assert.equal(device.size, bytes.length)
        using memory = device.map()
        const about = JSON.stringify({ algorithm, run, blockSize, length: bytes.length })
        for (let part = 0; part < 20; part++) {
          const target = Buffer.alloc(1 + random.below(20_000))
          const offset = random.below(bytes.length - target.length)
          memory.read(offset, target)
          assert.ok(target.equals(bytes.subarray(offset, offset + target.length)), `${about}: at ${offset}`)
        }
        const whole = Buffer.alloc(bytes.length)
        memory.read(0, whole)
        assert.ok(whole.equals(bytes), about)
      }
    }
  })

  test(`${name}: a path may be a file: URL as text; the rest of the last page is zeros`, { skip }, async () => {
    const path = await packed(Buffer.from('short'))
    await using device = await open({ path: pathToFileURL(path).href })
    using memory = device.map({ length: PAGE })
    const page = Buffer.alloc(PAGE, 1)
    memory.read(0, page)
    assert.ok(page.equals(Buffer.concat([Buffer.from('short'), Buffer.alloc(PAGE - 5)])))
  })

  test(`${name}: it can not be written: not shared, and what a private mapping writes stays its own`, {
    skip,
  }, async () => {
    const path = await packed(Buffer.alloc(2 * PAGE, 'text'))
    await using device = await open({ path })
    assert.throws(
      () => device.map({ shared: true, protection: 'write' }),
      (error) => isVm(error, 'EACCES') && /map it private/.test(`${error} ${(error as Error).cause}`),
    )
    using shared = device.map({ shared: true })
    throwsVm(() => shared.makeMut(), 'EACCES')
    using own = device.map({ protection: 'write' })
    own.write(0, Buffer.from('mine'))
    const first = Buffer.alloc(8)
    own.read(0, first)
    assert.equal(first.toString(), 'minetext')
    using other = device.map()
    other.read(0, first)
    assert.equal(first.toString(), 'texttext')
  })

  test(`${name}: wrong options, no file, no packed file, a damaged index: refused when it is opened`, {
    skip,
  }, async () => {
    for (const driver of [undefined, null, {}, { path: '' }, { path: 5 }, { path: 'a\0b' }, { path: 'file:%' }]) {
      await assert.rejects(open(driver), (error) =>
        isUsage(
          rootOf(error),
          'ERR_VMAREA_INVALID_ARGUMENT',
          /path of the device blocks|options must be an object|requires the option path/,
        ),
      )
    }
    const path = await packed(Buffer.alloc(PAGE, 1))
    for (const cache of [-1, 0.5, NaN, '5'])
      await assert.rejects(open({ path, cache }), (error) =>
        isUsage(rootOf(error), 'ERR_VMAREA_INVALID_ARGUMENT', /cache of the device blocks/),
      )
    await assert.rejects(open({ path: `${path}-none` }), (error) => isVm(error, 'ENOENT'))
    await assert.rejects(open({ path: temporaryFile(5000) }), (error) => isVm(error, 'EINVAL', /no packed file/))
    const bad = readFileSync(path)
    bad[bad.length - 40]! ^= 1
    await assert.rejects(open({ path: temporaryFile(bad) }), (error) => isVm(error, 'EIO', /index is damaged/))
  })

  test(`${name}: a damaged block is an error for its pages that names it; other blocks still work, and so does this one once the file is repaired`, {
    skip,
  }, async () => {
    const bytes = Buffer.alloc(8 * 16384, 'some text, ')
    const path = await packed(bytes, { blockSize: 16384 })
    const good = readFileSync(path)
    const bad = Buffer.from(good)
    const { packedOffset } = new PackedFile(path).index.at(3)
    bad[packedOffset + 20]! ^= 0xff
    // With the longer run, the damaged block lies in the runs of others.
    for (const run of [PAGE, 6 * PAGE]) {
      writeFileSync(path, bad)
      await using device = await open({ path, cache: 0 }, run)
      using memory = device.map()
      const page = Buffer.alloc(PAGE)
      for (let number = 0; number < 32; number++) {
        const read = () => memory.read(number * PAGE, page)
        if (number >= 12 && number < 16) {
          assert.throws(read, (error) => {
            assert.ok(error instanceof MemoryFault)
            return isVm(error.cause, 'EIO', /block 3 at byte .*bytes 49152 to 65536/)
          })
        } else {
          read()
          assert.ok(page.equals(bytes.subarray(number * PAGE, (number + 1) * PAGE)))
        }
      }
      writeFileSync(path, good)
      memory.read(13 * PAGE, page)
      assert.ok(page.equals(bytes.subarray(13 * PAGE, 14 * PAGE)))
    }
  })

  test(`${name}: a file that is cut short while it is open: what is in memory stays, the rest is an error`, {
    skip,
  }, async () => {
    const bytes = Buffer.alloc(4 * 16384, 'some text, ')
    const path = await packed(bytes, { blockSize: 16384 })
    await using device = await open({ path, cache: 0 }, 16384)
    using memory = device.map()
    const page = Buffer.alloc(PAGE)
    memory.read(0, page)
    truncateSync(path, 20)
    memory.read(PAGE, page)
    assert.ok(page.equals(bytes.subarray(PAGE, 2 * PAGE)))
    assert.throws(
      () => memory.read(16384, page),
      (error) => error instanceof MemoryFault && isVm(error.cause, 'EIO', /block 1 .*cut short while open/),
    )
  })

  test(`${name}: no descriptor is left behind by a device that was closed`, { skip }, async () => {
    const path = await packed(Buffer.alloc(100_000, 'text'))
    const descriptors = () =>
      readdirSync('/proc/self/fd').filter((name) => {
        try {
          return readlinkSync(`/proc/self/fd/${name}`) === realpathSync(path)
        } catch {
          return false
        }
      }).length
    for (let round = 0; round < 3; round++) {
      const device = await open({ path })
      const memory = device.map()
      assert.equal(memory.read(0, new Uint8Array(1))[0], 't'.charCodeAt(0))
      assert.equal(descriptors(), 1)
      memory.unmap()
      await device.close()
      assert.equal(descriptors(), 0)
    }
  })
}

test('a program may hand its bytes to libuv as often as it likes: the driver does not need the threads that wait for it', {
  skip: skipWithout('missing_shmem', 'minor_shmem', 'poison'),
}, async () => {
  const bytes = contents(3_000_000, new Random(seed))
  const path = await packed(bytes, { level: 1 })
  await using device = await thisProcess().openDevice<BlocksOptions>(BLOCKS, { driver: { path } })
  using memory = device.map()
  const part = Math.ceil(bytes.length / 12)
  // More at once than the pool has threads, each of which waits for a page.
  const copies = Array.from({ length: 12 }, async (_, index) => {
    const copy = join(temporaryFolder, `copy-${index}`)
    await writeFile(copy, memory.bytes.subarray(index * part, (index + 1) * part))
    return readFileSync(copy)
  })
  assert.ok(Buffer.concat(await Promise.all(copies)).equals(bytes))
})
