// A page store whose thread ends, loops, fills its memory or goes on, as the test says in shared memory. It keeps its pages where the next thread finds them.
import { definePageStore } from 'vmarea/stores'

/** What the first word of the shared memory says. */
export const FATE = { live: 0, exit: 1, loop: 2, throw: 3, reject: 4, hold: 5, fill: 6 } as const
/** When it happens, which the second word says. */
export const MOMENT = { read: 0, write: 1, idle: 2 } as const

export default definePageStore<{ readonly control: SharedArrayBuffer; readonly pages: SharedArrayBuffer }>(
  ({ control, pages: memory }, { pageSize }) => {
    const words = new Int32Array(control)
    const kept = new Uint8Array(memory)
    /** Meets its fate, and returns what never settles; or `undefined`. */
    const meet = (moment: number): Promise<void> | undefined => {
      const fate = Atomics.load(words, 0)
      if (fate === FATE.live || Atomics.load(words, 1) !== moment) return undefined
      Atomics.store(words, 2, 1)
      if (fate === FATE.exit) process.exit(1)
      for (const hog: number[][] = []; fate === FATE.fill; ) hog.push(new Array(100_000).fill(1.5))
      // It sleeps in between, and leaves the processor to other tests.
      while (fate === FATE.loop && Atomics.load(words, 0) === FATE.loop) Atomics.wait(words, 0, FATE.loop, 10)
      if (fate === FATE.reject) Promise.reject(new Error('out of the blue'))
      if (fate === FATE.throw) {
        setImmediate(() => {
          throw new Error('out of the blue')
        })
      }
      return new Promise(() => {})
    }
    setInterval(() => {
      if (Atomics.load(words, 2) === 0) meet(MOMENT.idle)
    }, 1).unref()
    return {
      pageSize,
      write: (pages, bytes) => {
        for (const [index, page] of pages.entries()) {
          kept.set(bytes.subarray(index * pageSize, (index + 1) * pageSize), page * pageSize)
        }
        return meet(MOMENT.write)
      },
      read: (pages, into) => {
        const late = meet(MOMENT.read)
        if (late !== undefined) return late
        for (const [index, page] of pages.entries()) {
          into.set(kept.subarray(page * pageSize, (page + 1) * pageSize), index * pageSize)
        }
        return undefined
      },
      free: () => {},
      close: () => {},
    }
  },
)
