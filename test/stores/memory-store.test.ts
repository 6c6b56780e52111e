import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageStoreConformance } from '#vmarea/conformance.js'
import { pageStoreHost } from '#vmarea/linux/page-store-host.js'
import { memoryStore, openPageStore } from '#vmarea/stores.js'
import { Random } from '../differential/random.js'
import { seed } from '../support/seed.js'
import { throwsUsage } from '../support/throws.js'

const pageSize = 4096
/** Text: it can be compressed to a small part. */
const text = (pages: number) =>
  Buffer.alloc(pages * pageSize, 'a page of a real program has words in it, over and over. ')

/** The optional package has a binary for each C library, and the checkout that of its own machine. */
const withoutLz4 = await import('lz4-napi').then(
  () => false as const,
  () => 'lz4-napi has no binary for this machine here',
)

const kinds = [
  { compression: 'none', host: {} },
  { compression: 'deflate', host: {} },
  { compression: 'lz4', host: {} },
  { compression: 'lz4', host: pageStoreHost },
] as const
for (const { compression, host } of kinds) {
  const skip = compression === 'lz4' && withoutLz4
  const name = host === pageStoreHost ? `${compression} of the host` : compression
  pageStoreConformance({
    test: (title: string, options: unknown, run?: () => void | Promise<void>) =>
      test(`memoryStore, ${name}: ${title}`, { skip }, (run ?? options) as () => Promise<void>),
    open: (pageSize) => openPageStore(memoryStore({ compression }), { pageSize, ...host }),
  })
}

test('pages that can be compressed take less room, and pages that can not take their own size', async () => {
  const [plain, small] = await Promise.all(
    (['none', 'deflate'] as const).map((compression) => openPageStore(memoryStore({ compression }), { pageSize })),
  )
  const pages = Array.from({ length: 512 }, (_, page) => page)
  await plain!.write(pages, text(512))
  await small!.write(pages, text(512))
  assert.ok(plain!.bytesUsed! >= 512 * pageSize && plain!.bytesUsed! < 520 * 4160 + 2 ** 18)
  assert.ok(small!.bytesUsed! <= plain!.bytesUsed! / 4, `${small!.bytesUsed} of ${plain!.bytesUsed}`)
})

test('past its limit a memory store refuses a page, keeps the others, and takes pages again when some were freed', async () => {
  const store = await openPageStore(memoryStore({ compression: 'none', limit: 2 ** 20 }), { pageSize })
  const room = 4 * 64
  const pages = Array.from({ length: room }, (_, page) => page)
  await store.write(pages, text(room))
  assert.throws(() => store.write([1000], text(1)), {
    name: 'VmError',
    code: 'ENOSPC',
    message: /limit of 1048576 bytes/,
  })
  await store.read(pages, new Uint8Array(room * pageSize))
  await store.free([7])
  await store.write([1000], text(1))
})

test('pages that are written again and again, from any part of one buffer, read as they were written last', async () => {
  const random = new Random(seed)
  const buffer = new Uint8Array(9 * pageSize)
  for (const compression of ['none', 'deflate'] as const) {
    const store = await openPageStore(memoryStore({ compression }), { pageSize })
    const last = new Map<number, Uint8Array>()
    for (let round = 0; round < 300; round++) {
      const pages = Array.from({ length: 1 + random.below(8) }, (_, at) => at * 3 + random.below(3))
      if (random.chance(20)) {
        await store.free(pages)
        for (const page of pages) last.delete(page)
        continue
      }
      const from = random.pick([0, 0, pageSize, 100])
      const bytes = buffer.subarray(from, from + pages.length * pageSize)
      // Of each page, a part that can not be compressed.
      for (let at = 0; at < pages.length; at++) {
        const page = bytes.subarray(at * pageSize, (at + 1) * pageSize).fill(random.below(256))
        for (let byte = random.below(pageSize); byte >= 0; byte--) page[byte] = random.below(256)
        last.set(pages[at]!, page.slice())
      }
      await store.write(pages, bytes)
    }
    const kept = [...last.keys()]
    const read = new Uint8Array(kept.length * pageSize)
    await store.read(kept, read)
    assert.deepEqual(read, new Uint8Array(Buffer.concat([...last.values()])))
  }
})

test('a page that is written again takes no more room', async () => {
  const store = await openPageStore(memoryStore({ compression: 'none' }), { pageSize })
  const pages = Array.from({ length: 64 }, (_, page) => page)
  await store.write(pages, text(64))
  const { bytesUsed } = store
  for (let round = 0; round < 10; round++) await store.write(pages, text(64))
  assert.equal(store.bytesUsed, bytesUsed)
})

test('options of a memory store that can mean nothing are refused', () => {
  throwsUsage(() => memoryStore({ compression: 'zip' as 'lz4' }), 'ERR_VMAREA_INVALID_ARGUMENT', /zip/)
  throwsUsage(() => memoryStore({ limit: -1 }), 'ERR_VMAREA_INVALID_ARGUMENT', /-1/)
})
