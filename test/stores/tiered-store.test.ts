import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageStoreConformance } from '#vmarea/conformance.js'
import { TieredPageStore } from '#vmarea/stores/tiered/tiered-page-store.js'
import { fileStore, memoryStore, openPageStore, tieredStore } from '#vmarea/stores.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { throwsUsage } from '../support/throws.js'

const pageSize = 4096
const pages = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)
const bytes = (count: number, seed = 1) =>
  Uint8Array.from({ length: count * pageSize }, (_, at) => (at * 31 * seed) >> 3)
const memory = (limit?: number) =>
  openPageStore(memoryStore({ compression: 'none', ...(limit === undefined ? {} : { limit }) }), { pageSize })

for (const limit of [1, 2 ** 18, 2 ** 30]) {
  pageStoreConformance({
    test: (title: string, options: unknown, run?: () => void | Promise<void>) =>
      test(`tieredStore, ${limit} bytes in the first tier: ${title}`, (run ?? options) as () => Promise<void>),
    open: (pageSize) =>
      openPageStore(
        tieredStore(memoryStore({ compression: 'none' }), fileStore({ folder: temporaryFolder }), { limit }),
        { pageSize },
      ),
  })
}

test('past its limit the oldest pages move on to the slow store, and all are read as they were written', async () => {
  const [fast, slow] = await Promise.all([memory(), memory()])
  const store = new TieredPageStore(fast, slow, 2 ** 20)
  for (let page = 0; page < 1024; page += 32) await store.write(pages(32, page), bytes(32, page + 1))
  await store.flush()
  assert.ok(fast.bytesUsed! <= 2 ** 20, `${fast.bytesUsed} bytes in the fast store`)
  await assert.rejects(async () => fast.read([0], new Uint8Array(pageSize)), { code: 'ERR_VMAREA_NO_SUCH_PAGE' })
  await fast.read([1023], new Uint8Array(pageSize))
  for (let page = 0; page < 1024; page += 32) {
    const read = new Uint8Array(32 * pageSize)
    await store.read(pages(32, page), read)
    assert.deepEqual(read, bytes(32, page + 1), `pages from ${page} on`)
  }
  await store.free(pages(1024))
  await store.close()
})

test('pages that the fast store refuses go to the slow one', async () => {
  const store = new TieredPageStore(await memory(2 ** 18), await memory(), 2 ** 30)
  await store.write(pages(256), bytes(256))
  const read = new Uint8Array(256 * pageSize)
  await store.read(pages(256), read)
  assert.deepEqual(read, bytes(256))
  await store.close()
})

test('while the slow store fails, writes past the limit reject and pages stay readable', async () => {
  const slow = await memory()
  const fails = { now: true }
  const failing = {
    pageSize,
    write: (numbers: readonly number[], content: Uint8Array) => {
      if (fails.now) throw new Error('the disk is full')
      return slow.write(numbers, content)
    },
    read: slow.read.bind(slow),
    free: slow.free.bind(slow),
    close: slow.close.bind(slow),
  }
  const store = new TieredPageStore(await memory(), failing, 2 ** 18)
  await store.write(pages(128), bytes(128))
  await assert.rejects(store.write(pages(128, 128), bytes(128)), /the disk is full/)
  const read = new Uint8Array(128 * pageSize)
  await store.read(pages(128), read)
  assert.deepEqual(read, bytes(128))
  fails.now = false
  await store.write(pages(128, 128), bytes(128))
  await store.read(pages(128), read)
  assert.deepEqual(read, bytes(128))
  await store.close()
})

test('tiers and limits that can mean nothing are refused', () => {
  throwsUsage(
    () => tieredStore(memoryStore(), undefined as never, { limit: 1 }),
    'ERR_VMAREA_INVALID_ARGUMENT',
    /undefined/,
  )
  throwsUsage(() => tieredStore(memoryStore(), memoryStore(), { limit: 0 }), 'ERR_VMAREA_INVALID_ARGUMENT', /0/)
})
