import type { PageStore } from '../stores/page-store.js'
import { expect } from './expect.js'
import { expectRejection } from './expect-rejection.js'

/** A page whose bytes say which page it is, and which version of it. Half of it is repeated, so that it can be compressed. */
function page(store: PageStore, number: number, version = 0): Uint8Array {
  const bytes = new Uint8Array(store.pageSize)
  let state = (number % 65521) * 31 + version * 7919 + 1
  for (let index = 0; index < bytes.length; index++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[index] = index % 512 < 256 ? index : state >>> 16
  }
  return bytes
}

function run(store: PageStore, numbers: readonly number[], version = 0): Uint8Array {
  const bytes = new Uint8Array(numbers.length * store.pageSize)
  for (const [index, number] of numbers.entries()) bytes.set(page(store, number, version), index * store.pageSize)
  return bytes
}

async function expectPages(store: PageStore, numbers: readonly number[], version = 0): Promise<void> {
  const into = new Uint8Array(numbers.length * store.pageSize).fill(0xee)
  await store.read(numbers, into)
  for (const [index, number] of numbers.entries()) {
    const got = into.subarray(index * store.pageSize, (index + 1) * store.pageSize)
    if (!same(got, page(store, number, version)))
      throw new Error(`page ${number} is not what was written as its version ${version}`)
  }
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

/** Turns an error that a store throws into a rejection: a store may do either. */
const attempt = async (act: () => unknown): Promise<unknown> => act()

const noSuchPage = (store: PageStore, numbers: readonly number[]) =>
  expectRejection(
    attempt(() => store.read(numbers, new Uint8Array(numbers.length * store.pageSize))),
    { code: 'ERR_VMAREA_NO_SUCH_PAGE' },
  )

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** The behaviours of every page store, by title. */
export const pageStoreCases: { readonly [title: string]: (store: PageStore) => Promise<void> } = {
  'a page that was written reads back': async (store) => {
    await store.write([3], page(store, 3))
    await expectPages(store, [3])
  },

  'a run of pages reads back whole, in parts and in another order': async (store) => {
    await store.write(range(10, 74), run(store, range(10, 74)))
    await expectPages(store, range(10, 74))
    await expectPages(store, range(20, 30))
    await expectPages(store, [73, 10, 41, 42, 12])
  },

  'the content that was written last is read': async (store) => {
    await store.write(range(0, 8), run(store, range(0, 8)))
    await store.write([5, 6, 7, 8, 9], run(store, [5, 6, 7, 8, 9], 1))
    await store.write([6], run(store, [6], 2))
    await expectPages(store, range(0, 5))
    await expectPages(store, [5, 7, 8, 9], 1)
    await expectPages(store, [6], 2)
  },

  'page numbers go to 2^53 - 1': async (store) => {
    const numbers = [0, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]
    await store.write(numbers, run(store, numbers))
    await expectPages(store, numbers)
    await noSuchPage(store, [2 ** 32 + 1])
  },

  'a page that was never written can not be read': async (store) => {
    await noSuchPage(store, [1])
    await store.write([0, 2], run(store, [0, 2]))
    await noSuchPage(store, [1])
    await noSuchPage(store, [0, 1, 2])
  },

  'a page that was freed can not be read, and its neighbours can': async (store) => {
    await store.write(range(0, 10), run(store, range(0, 10)))
    await store.free([0, 4, 9])
    await noSuchPage(store, [4])
    await noSuchPage(store, [9])
    await expectPages(store, [1, 2, 3, 5, 6, 7, 8])
  },

  'a page that the store does not have can be freed': async (store) => {
    await store.free([1, 2, 3])
    await store.write([2], page(store, 2))
    await store.free([1, 2, 3])
    await store.free([2])
    await noSuchPage(store, [2])
  },

  'a page can be written again after it was freed': async (store) => {
    await store.write([1, 2], run(store, [1, 2]))
    await store.free([1])
    await store.write([1], page(store, 1, 5))
    await expectPages(store, [1], 5)
    await expectPages(store, [2])
  },

  'a call without pages does nothing': async (store) => {
    await store.write([], new Uint8Array(0))
    await store.read([], new Uint8Array(0))
    await store.free([])
  },

  'zeros and bytes that can not be compressed are kept as they are': async (store) => {
    const noise = new Uint8Array(store.pageSize)
    let state = 7
    for (let index = 0; index < noise.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      noise[index] = state >>> 24
    }
    const into = new Uint8Array(2 * store.pageSize).fill(1)
    await store.write([8, 9], new Uint8Array([...noise, ...new Uint8Array(store.pageSize)]))
    await store.read([8, 9], into)
    expect(same(into.subarray(0, store.pageSize), noise), true, 'the noise is back')
    expect(
      into.subarray(store.pageSize).every((byte) => byte === 0),
      true,
      'the zeros are back',
    )
  },

  'the buffers of a call are the caller’s again once it has settled': async (store) => {
    const bytes = run(store, range(0, 4))
    await store.write(range(0, 4), bytes)
    bytes.fill(0)
    await expectPages(store, range(0, 4))
    const into = new Uint8Array(4 * store.pageSize)
    await store.read(range(0, 4), into)
    into.fill(0)
    await expectPages(store, range(0, 4))
  },

  'a buffer may be a part of a larger one, which stays as it is around it': async (store) => {
    const { pageSize } = store
    const large = new Uint8Array(4 * pageSize + 24).fill(0xab)
    large.set(run(store, [1, 2]), 8)
    await store.write([1, 2], large.subarray(8, 8 + 2 * pageSize))
    large.fill(0xab)
    await store.read([1, 2], large.subarray(16, 16 + 2 * pageSize))
    expect(same(large.subarray(16, 16 + 2 * pageSize), run(store, [1, 2])), true, 'the pages are in their place')
    expect(
      large.subarray(0, 16).every((byte) => byte === 0xab) &&
        large.subarray(16 + 2 * pageSize).every((byte) => byte === 0xab),
      true,
      'the bytes around them stay',
    )
  },

  'bytes that are not exactly the pages are refused': async (store) => {
    const code = 'ERR_VMAREA_INVALID_ARGUMENT'
    await expectRejection(
      attempt(() => store.write([1], new Uint8Array(store.pageSize - 1))),
      { code },
    )
    await expectRejection(
      attempt(() => store.write([1, 2], new Uint8Array(store.pageSize))),
      { code },
    )
    await store.write([1], page(store, 1))
    await expectRejection(
      attempt(() => store.read([1], new Uint8Array(2 * store.pageSize))),
      { code },
    )
    await expectPages(store, [1])
  },

  'a number that is no page’s is refused': async (store) => {
    for (const number of [-1, 0.5, Number.NaN, 2 ** 53]) {
      const members = { code: 'ERR_VMAREA_INVALID_ARGUMENT' }
      await expectRejection(
        attempt(() => store.write([number], page(store, 0))),
        members,
      )
      await expectRejection(
        attempt(() => store.read([number], page(store, 0))),
        members,
      )
      await expectRejection(
        attempt(() => store.free([number])),
        members,
      )
    }
  },

  'many calls may be in flight': async (store) => {
    const parts = range(0, 32).map((part) => range(part * 16, part * 16 + 16))
    await Promise.all(parts.map((part) => attempt(() => store.write(part, run(store, part)))))
    await Promise.all([
      ...parts.slice(0, 16).map((part) => expectPages(store, part)),
      ...parts.slice(16, 24).map((part) => attempt(() => store.write(part, run(store, part, 1)))),
      ...parts.slice(24).map((part) => attempt(() => store.free(part))),
    ])
    await expectPages(store, parts.slice(0, 16).flat())
    await expectPages(store, parts.slice(16, 24).flat(), 1)
    await noSuchPage(store, [parts[31]![0]!])
  },

  'any order of writes, frees and reads gives the newest content': async (store) => {
    const versions = new Map<number, number>()
    let state = 42
    const below = (limit: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
    for (let step = 1; step <= 200; step++) {
      const first = below(100)
      const numbers = range(first, first + 1 + below(12)).filter(() => below(8) > 0)
      if (below(3) > 0) {
        await store.write(numbers, run(store, numbers, step))
        for (const number of numbers) versions.set(number, step)
      } else if (below(2) > 0) {
        await store.free(numbers)
        for (const number of numbers) versions.delete(number)
      }
      const there = numbers.filter((number) => versions.has(number))
      for (const number of there) await expectPages(store, [number], versions.get(number)!)
    }
    for (const number of range(0, 112)) {
      const version = versions.get(number)
      if (version === undefined) await noSuchPage(store, [number])
      else await expectPages(store, [number], version)
    }
  },

  'after flush the pages are there': async (store) => {
    await store.write([1], page(store, 1))
    await store.flush?.()
    await expectPages(store, [1])
  },

  'a store that says what it occupies says more with a page than without': async (store) => {
    if (store.bytesUsed === undefined) return
    const before = store.bytesUsed
    await store.write(range(0, 200), run(store, range(0, 200)))
    const full = store.bytesUsed
    await store.free(range(0, 200))
    expect(full > before, true, 'it occupies more with 200 pages')
    expect(store.bytesUsed < full, true, 'it occupies less after they were freed')
  },

  'after close every call is refused, and closing again does nothing': async (store) => {
    await store.write([1], page(store, 1))
    await store.close()
    const members = { code: 'ERR_VMAREA_STORE_CLOSED' }
    await expectRejection(
      attempt(() => store.read([1], page(store, 0))),
      members,
    )
    await expectRejection(
      attempt(() => store.write([1], page(store, 0))),
      members,
    )
    await expectRejection(
      attempt(() => store.free([1])),
      members,
    )
    await store.close()
  },
}
