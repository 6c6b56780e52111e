// A page store in memory that misbehaves for single pages, as its options say in memory that the test shares.
import { definePageStore } from 'vmarea/stores'

/** What the store does to a page: bytes of the shared memory, by page. */
export const BEHAVIOUR = { right: 0, lies: 1, throws: 2, 'never answers': 3, forgets: 4 } as const

export default definePageStore<{ readonly behaviour: SharedArrayBuffer }>(({ behaviour }, { pageSize }) => {
  const how = new Uint8Array(behaviour)
  const kept = new Map<number, Uint8Array>()
  const act = (pages: readonly number[], call: () => void): void | Promise<void> => {
    if (pages.some((page) => how[page] === BEHAVIOUR['never answers'])) return new Promise(() => {})
    if (pages.some((page) => how[page] === BEHAVIOUR.throws)) throw new Error('the store throws for this page')
    call()
  }
  return {
    pageSize,
    write: (pages, bytes) =>
      act(pages, () => {
        for (const [index, page] of pages.entries())
          kept.set(page, bytes.slice(index * pageSize, (index + 1) * pageSize))
      }),
    read: (pages, into) =>
      act(pages, () => {
        for (const [index, page] of pages.entries()) {
          const content = kept.get(page)
          if (content === undefined || how[page] === BEHAVIOUR.forgets) throw new Error(`page ${page} is lost`)
          into.set(content, index * pageSize)
          if (how[page] === BEHAVIOUR.lies) into[index * pageSize]! ^= 1
        }
      }),
    free: (pages) => {
      for (const page of pages) kept.delete(page)
    },
    close: () => kept.clear(),
  }
})
