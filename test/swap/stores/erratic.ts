// A page store that misbehaves at random: it throws, is full, answers late, reads or writes a part alone, and returns other or older bytes.
import { definePageStore } from 'vmarea/stores'
import { Random } from '../../differential/random.js'

export interface ErraticOptions {
  readonly seed: number
  /** The parts of a hundred calls that misbehave, which the test changes. */
  readonly control: SharedArrayBuffer
  /** A byte a page: 1 where the store has confirmed a write and lost the page, which a good store never does. */
  readonly lost: SharedArrayBuffer
  /** How often each misbehaviour happened, by its place in `MISBEHAVIOURS`. */
  readonly counts: SharedArrayBuffer
}

export const MISBEHAVIOURS = ['throws', 'full', 'late', 'partial', 'damaged', 'older', 'forgets'] as const

export default definePageStore<ErraticOptions>(({ seed, control, lost, counts }, { pageSize }) => {
  const random = new Random(seed)
  const share = new Int32Array(control)
  const isLost = new Uint8Array(lost)
  const count = new Int32Array(counts)
  const kept = new Map<number, Uint8Array>()
  const older = new Map<number, Uint8Array>()
  const happens = (what: (typeof MISBEHAVIOURS)[number]): boolean => {
    if (!random.chance(Atomics.load(share, 0))) return false
    Atomics.add(count, MISBEHAVIOURS.indexOf(what), 1)
    return true
  }
  /** Does the call now, or later: sometimes later than the swap waits. */
  const inTime = (act: () => void): void | Promise<void> => {
    if (!happens('late')) return act()
    const delay = random.pick([0, 1, 5, 20, 600])
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        try {
          resolve(act())
        } catch (error) {
          reject(error)
        }
      }, delay)
    })
  }
  const fails = (pages: readonly number[], what: string): number => {
    if (happens('throws')) throw new Error(`the store throws at ${what}`)
    return happens('partial') ? random.below(pages.length) : pages.length
  }
  return {
    pageSize,
    write: (pages, bytes) =>
      inTime(() => {
        if (happens('full')) throw Object.assign(new Error('the store is full'), { code: 'ENOSPC' })
        const done = fails(pages, 'write')
        for (const [index, page] of pages.slice(0, done).entries()) {
          const before = kept.get(page)
          if (before !== undefined) older.set(page, before)
          kept.set(page, bytes.slice(index * pageSize, (index + 1) * pageSize))
          isLost[page] = 0
        }
        if (done < pages.length) throw new Error(`the store wrote ${done} of ${pages.length} pages`)
        for (const page of pages) {
          if (!happens('forgets')) continue
          isLost[page] = 1
          kept.delete(page)
        }
      }),
    read: (pages, into) =>
      inTime(() => {
        const done = fails(pages, 'read')
        for (const [index, page] of pages.slice(0, done).entries()) {
          const content = happens('older') ? (older.get(page) ?? kept.get(page)) : kept.get(page)
          if (content === undefined) throw new Error(`the store has no page ${page}`)
          into.set(content, index * pageSize)
          if (happens('damaged')) into[index * pageSize + random.below(pageSize)]! ^= 1 << random.below(8)
        }
        // The rest of the buffer is as it was, and the call succeeds.
        if (done < pages.length && random.chance(50)) throw new Error(`the store read ${done} of ${pages.length} pages`)
      }),
    free: (pages) =>
      inTime(() => {
        if (happens('throws')) throw new Error('the store throws at free')
        for (const page of pages) kept.delete(page)
      }),
    close: () => kept.clear(),
  }
})
