import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pageStoreConformance } from '#vmarea/conformance.js'
import { pageStoreHost } from '#vmarea/linux/page-store-host.js'
import { fileStore, openPageStore } from '#vmarea/stores.js'
import { ERRNO_RESULT } from '#vmarea/vocabulary/errno-result.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { throwsUsage } from '../support/throws.js'
import { until } from '../support/until.js'

const pageSize = 4096
const host = { pageSize, ...pageStoreHost }
const pages = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const bytes = (count: number, seed = 1) =>
  Uint8Array.from({ length: count * pageSize }, (_, index) => (index * 31 * seed) >> 3)

const kinds = {
  unlinked: () => openPageStore(fileStore({ folder: temporaryFolder }), host),
  'without calls that Node lacks': () => openPageStore(fileStore({ folder: temporaryFolder }), { pageSize }),
  encrypted: () => openPageStore(fileStore({ folder: temporaryFolder, encrypt: true }), host),
}
for (const [kind, open] of Object.entries(kinds)) {
  pageStoreConformance({
    test: (title: string, options: unknown, run?: () => void | Promise<void>) =>
      test(`fileStore, ${kind}: ${title}`, (run ?? options) as () => Promise<void>),
    open,
  })
}

test('no name leads to the file of a store in a folder, and its mode is 0600', async () => {
  const folder = join(temporaryFolder, 'unlinked')
  mkdirSync(folder)
  const store = await openPageStore(fileStore({ folder }), host)
  await store.write(pages(10), bytes(10))
  assert.deepEqual(readdirSync(folder), [])
  const descriptor = readdirSync('/proc/self/fd').find((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).startsWith(folder)
    } catch {
      return false
    }
  })
  assert.equal(statSync(`/proc/self/fd/${descriptor}`).mode & 0o777, 0o600)
  await store.close()
  assert.ok(
    !existsSync(`/proc/self/fd/${descriptor}`) || !readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder),
  )
})

test('a named file must not exist, has mode 0600, and is removed at close', async () => {
  const path = join(temporaryFolder, 'named')
  const store = await openPageStore(fileStore({ path }), host)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await assert.rejects(openPageStore(fileStore({ path }), host), { name: 'VmError', code: 'EEXIST', path })
  await store.close()
  assert.ok(!existsSync(path))
})

test('a folder that is gone is refused with its path', async () => {
  const folder = join(temporaryFolder, 'gone')
  await assert.rejects(openPageStore(fileStore({ folder }), host), { name: 'VmError', code: 'ENOENT', path: folder })
})

test('pages written together lie together, and freed slots are used again', async () => {
  const path = join(temporaryFolder, 'slots')
  const store = await openPageStore(fileStore({ path }), host)
  await store.write(pages(64, 1000), bytes(64))
  assert.deepEqual(readFileSync(path).subarray(0, 64 * pageSize), Buffer.from(bytes(64)))
  for (let round = 0; round < 50; round++) {
    await store.free(pages(32, 1000 + (round % 2) * 32))
    await store.write(pages(32, 1000 + (round % 2) * 32), bytes(32, round))
  }
  assert.equal(store.bytesUsed, 64 * pageSize)
  assert.ok(statSync(path).size <= 2 ** 23)
  await store.close()
})

test('two jobs of one turn are in flight, and what comes meanwhile is written together by the next', async () => {
  const jobs: number[] = []
  const turns = new Set<Int32Array>()
  let running = 0
  const writePieces: typeof pageStoreHost.writePieces = async (descriptor, pieces, positions, turn) => {
    assert.ok(running++ < 2)
    jobs.push(pieces.length)
    turns.add(turn)
    const code = await pageStoreHost.writePieces(descriptor, pieces, positions, turn)
    running--
    return code
  }
  const store = await openPageStore(fileStore({ folder: temporaryFolder }), { ...host, writePieces })
  await Promise.all(pages(8).map((page) => store.write([page * 3], bytes(1, page + 1))))
  assert.deepEqual(jobs, [1, 1, 6])
  // More than is written together: in the order in which they came.
  await Promise.all(pages(5, 100).map((page) => store.write(pages(256, page * 256), bytes(256, page))))
  assert.deepEqual(jobs.slice(3), [1, 1, 2, 1])
  assert.equal(turns.size, 1)
  const into = new Uint8Array(pageSize)
  for (const page of pages(8)) {
    await store.read([page * 3], into)
    assert.deepEqual(into, bytes(1, page + 1))
  }
  await store.close()
})

test('a job that fails fails all that it was to write, and later writes succeed', async () => {
  const codes = [0, 0, -28, 0]
  const writePieces: typeof pageStoreHost.writePieces = async (...piecesOf) => {
    const code = codes.shift()!
    return code === 0 ? pageStoreHost.writePieces(...piecesOf) : code
  }
  const store = await openPageStore(fileStore({ folder: temporaryFolder }), { ...host, writePieces })
  const results = await Promise.allSettled(pages(4).map((page) => store.write([page], bytes(1, page + 1))))
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? result.reason.code : 'written')),
    ['written', 'written', 'ENOSPC', 'ENOSPC'],
  )
  await store.write([1], bytes(1, 5))
  const into = new Uint8Array(pageSize)
  await store.read([1], into)
  assert.deepEqual(into, bytes(1, 5))
  await store.close()
})

test('jobs of one turn run one after the other', async () => {
  const path = join(temporaryFolder, 'turns')
  const descriptor = openSync(path, 'w')
  const turn = new Int32Array(new ArrayBuffer(4))
  const positions = Float64Array.from({ length: 64 }, (_, index) => index * 2 ** 18)
  const job = (value: number, at: Float64Array) => {
    const piece = new Uint8Array(2 ** 18).fill(value)
    return pageStoreHost.writePieces(descriptor, Array(at.length).fill(piece), at, turn)
  }
  const jobs = [job(1, positions), job(2, positions.slice().reverse())]
  assert.deepEqual(await Promise.all(jobs), [0, 0])
  closeSync(descriptor)
  // Jobs beside each other would meet in the middle, and each would write the last half of its pieces over those of the other.
  const written = readFileSync(path)
  assert.ok(written.equals(Buffer.alloc(written.length, written[0])))
})

test('pieces for a descriptor that is not open are an error, and so is what is no array of bytes', async () => {
  const { writePieces } = pageStoreHost
  const [positions, turn] = [new Float64Array([0]), new Int32Array(1)]
  assert.equal(await writePieces(-1, [bytes(1)], positions, turn), ERRNO_RESULT.EBADF)
  assert.equal(await writePieces(0, [7 as unknown as Uint8Array], positions, turn), ERRNO_RESULT.EINVAL)
  assert.equal(await writePieces(0, [], positions, turn), ERRNO_RESULT.EINVAL)
  assert.equal(await writePieces(0, [bytes(1)], positions, new Int32Array(0)), ERRNO_RESULT.EINVAL)
})

test('a file shrinks some time after its pages are freed', async () => {
  const path = join(temporaryFolder, 'shrinks')
  const store = await openPageStore(fileStore({ path }), host)
  await store.write(pages(8192), bytes(8192))
  assert.ok(statSync(path).size >= 8192 * pageSize)
  await store.free(pages(8000, 192))
  await until('the file is short', () => statSync(path).size <= 2 ** 23)
  const into = new Uint8Array(192 * pageSize)
  await store.read(pages(192), into)
  assert.deepEqual(into, bytes(8192).subarray(0, into.length))
  await store.close()
})

test('an encrypted file holds nothing of the pages', async () => {
  const path = join(temporaryFolder, 'encrypted')
  const store = await openPageStore(fileStore({ path, encrypt: true }), host)
  await store.write(pages(4), Buffer.alloc(4 * pageSize, 'a secret that must not be on the disk '))
  const file = readFileSync(path)
  assert.equal(file.indexOf('secret'), -1)
  assert.notDeepEqual(file.subarray(0, pageSize), file.subarray(pageSize, 2 * pageSize))
  await store.close()
})

test('past its limit a file store refuses a page and keeps the others', async () => {
  const store = await openPageStore(fileStore({ folder: temporaryFolder, limit: 100 * pageSize }), host)
  await store.write(pages(90), bytes(90))
  const over = () => Promise.resolve(store.write(pages(20, 500), bytes(20)))
  await assert.rejects(over, { name: 'VmError', code: 'ENOSPC' })
  await store.write(pages(10, 500), bytes(10))
  const into = new Uint8Array(90 * pageSize)
  await store.read(pages(90), into)
  assert.deepEqual(into, bytes(90))
  await store.close()
})

const mounted = join(temporaryFolder, 'small')
const canMount = (() => {
  try {
    mkdirSync(mounted)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test('a full file system is found as pages are written', {
  skip: canMount ? false : 'mounting a small file system requires root',
}, async () => {
  try {
    const store = await openPageStore(fileStore({ folder: mounted }), host)
    await store.write(pages(100), bytes(100))
    await assert.rejects(Promise.resolve(store.write(pages(300, 100), bytes(300))), { name: 'VmError', code: 'ENOSPC' })
    const into = new Uint8Array(100 * pageSize)
    await store.read(pages(100), into)
    assert.deepEqual(into, bytes(100))
    await store.close()
  } finally {
    execFileSync('umount', [mounted])
  }
})

test('options of a file store that can mean nothing are refused', () => {
  throwsUsage(() => fileStore({ folder: '/a', path: '/b' }), 'ERR_VMAREA_INVALID_ARGUMENT', /'\/a' and '\/b'/)
  throwsUsage(() => fileStore({ limit: 0 }), 'ERR_VMAREA_INVALID_ARGUMENT')
  throwsUsage(() => fileStore({ path: '' }), 'ERR_VMAREA_INVALID_ARGUMENT')
})
