import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LAYOUT } from '#vmarea/devices/blocks/layout.js'
import { packFile } from '#vmarea/devices/blocks/pack-file.js'
import { packStream } from '#vmarea/devices/blocks/pack-stream.js'
import { PackedFile } from '#vmarea/devices/blocks/packed-file.js'
import { unpackFile } from '#vmarea/devices/blocks/unpack-file.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { isUsage, isVm } from '../support/throws.js'
import { forge } from './forge.js'

const PAGE = 4096

let folders = 0
/** A folder of its own, so that what is left behind is seen. */
function emptyFolder(): string {
  const path = join(temporaryFolder, `folder-${folders++}`)
  mkdirSync(path)
  return path
}

test('a file that is there is replaced only by force, and only a regular one', async () => {
  const folder = emptyFolder()
  const output = join(folder, 'out')
  writeFileSync(output, 'precious')
  const input = temporaryFile(10_000)
  await assert.rejects(packFile(input, output), { code: 'EEXIST', message: /there already/ })
  assert.equal(readFileSync(output, 'utf8'), 'precious')
  await packFile(input, output, { force: true })
  assert.equal(new PackedFile(output).index.shape.size, 10_000)
  await assert.rejects(packFile(input, folder, { force: true }), { code: 'EEXIST', message: /no regular file/ })
  await assert.rejects(packFile(input, '/dev/null', { force: true }), { code: 'EEXIST', message: /no regular file/ })
  assert.deepEqual(readdirSync(folder), ['out'])
})

test('a name that has come while it packed is not replaced either', async () => {
  const output = join(emptyFolder(), 'out')
  async function* source() {
    yield Buffer.alloc(PAGE, 1)
    writeFileSync(output, 'precious')
  }
  await assert.rejects(packFile(source(), output), { code: 'EEXIST' })
  assert.equal(readFileSync(output, 'utf8'), 'precious')
})

test('a source that fails, an abort and a wrong option leave nothing behind, and what was there as it was', async () => {
  const folder = emptyFolder()
  const output = join(folder, 'out')
  writeFileSync(output, 'precious')
  const force = { force: true }
  async function* breaks() {
    yield Buffer.alloc(100 * PAGE, 1)
    throw new Error('no more')
  }
  await assert.rejects(packFile(breaks(), output, force), /no more/)
  const controller = new AbortController()
  let closed = false
  async function* endless() {
    try {
      for (let round = 0; ; round++) {
        yield Buffer.alloc(100 * PAGE, round)
        if (round === 20) controller.abort(new Error('enough'))
      }
    } finally {
      closed = true
    }
  }
  await assert.rejects(packFile(endless(), output, { ...force, signal: controller.signal }), /enough/)
  assert.ok(closed, 'the source was told that no more is wanted')
  for (const wrong of [
    { level: 99 },
    { level: 1.5 },
    { blockSize: 100 },
    { blockSize: 1 << 30 },
    { algorithm: 'zip' },
  ]) {
    await assert.rejects(packFile(breaks(), output, { ...force, ...wrong } as object), (error) =>
      isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', new RegExp(Object.keys(wrong)[0]!)),
    )
  }
  await assert.rejects(packFile(join(folder, 'none'), output, force), { code: 'ENOENT' })
  await assert.rejects(packFile(folder, output, force), { code: 'EISDIR' })
  assert.deepEqual(readdirSync(folder), ['out'])
  assert.equal(readFileSync(output, 'utf8'), 'precious')
})

test('the packed file, and the unpacked one, may be read by no more than the first', async () => {
  const folder = emptyFolder()
  const input = temporaryFile(100)
  chmodSync(input, 0o600)
  await packFile(input, join(folder, 'packed'))
  assert.equal(statSync(join(folder, 'packed')).mode & 0o777, 0o600)
  using packed = new PackedFile(join(folder, 'packed'))
  await unpackFile(packed, join(folder, 'unpacked'))
  assert.equal(statSync(join(folder, 'unpacked')).mode & 0o777, 0o600)
})

test('force replaces what a symbolic link leads to, and the link stays', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'real'), 'old')
  symlinkSync('real', join(folder, 'link'))
  await packFile(temporaryFile(100), join(folder, 'link'), { force: true })
  assert.equal(new PackedFile(join(folder, 'real')).index.shape.size, 100)
  assert.deepEqual(readdirSync(folder).sort(), ['link', 'real'])
})

test('it reads no further ahead than what is being compressed', async () => {
  let read = 0
  async function* source() {
    for (; read < 1000; read++) yield Buffer.alloc(PAGE, read % 256)
  }
  const packing = packStream(source(), { blockSize: PAGE })
  let given = 0
  for await (const _ of packing) {
    given++
    // The header is no block.
    assert.ok(read - given < 50, `${read} blocks were read when ${given} pieces had been taken`)
  }
  assert.equal(read, 1000)
})

test('blocks of zeros are holes in what is unpacked', async () => {
  const folder = emptyFolder()
  const input = join(folder, 'input')
  const bytes = Buffer.alloc(16 << 20)
  bytes.write('end', bytes.length - 3)
  writeFileSync(input, bytes)
  await packFile(input, join(folder, 'packed'), { algorithm: 'deflate' })
  assert.ok(statSync(join(folder, 'packed')).size < 3000)
  using packed = new PackedFile(join(folder, 'packed'))
  await unpackFile(packed, join(folder, 'unpacked'))
  assert.ok(readFileSync(join(folder, 'unpacked')).equals(bytes))
  const { blocks, size } = statSync(join(folder, 'unpacked'))
  assert.equal(size, bytes.length)
  assert.ok(blocks * 512 < 1 << 20, `${blocks * 512} bytes on the disk`)
})

test('unpacking what is damaged fails, and leaves nothing behind', async () => {
  const folder = emptyFolder()
  const path = join(folder, 'packed')
  const entry = { kind: 1, packedLength: PAGE, checksum: 12345 }
  forge(path, { blockSize: LAYOUT.blockSizeStep, size: PAGE, entries: [entry], data: [[0, Buffer.alloc(PAGE, 7)]] })
  using packed = new PackedFile(path)
  await assert.rejects(unpackFile(packed, join(folder, 'out')), (error) => isVm(error, 'EIO', /block 0 .*checksum/))
  assert.ok(!existsSync(join(folder, 'out')))
  assert.deepEqual(readdirSync(folder), ['packed'])
})
