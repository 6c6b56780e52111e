// A page store whose thread ends, loops or goes on, as the test says in shared memory. It keeps its pages where the next thread finds them.
import { definePageStore } from 'vmarea/stores'

/** What the first word of the shared memory says. */
export const FATE = { live: 0, exit: 1, loop: 2 } as const

export default definePageStore<{ readonly control: SharedArrayBuffer; readonly pages: SharedArrayBuffer }>(
  ({ control, pages: memory }, { pageSize }) => {
    const fate = new Int32Array(control)
    const kept = new Uint8Array(memory)
    const meet = () => {
      if (Atomics.load(fate, 0) === FATE.exit) process.exit(1)
      while (Atomics.load(fate, 0) === FATE.loop);
    }
    return {
      pageSize,
      write: (pages, bytes) => {
        meet()
        for (const [index, page] of pages.entries()) {
          kept.set(bytes.subarray(index * pageSize, (index + 1) * pageSize), page * pageSize)
        }
      },
      read: (pages, into) => {
        meet()
        for (const [index, page] of pages.entries()) {
          into.set(kept.subarray(page * pageSize, (page + 1) * pageSize), index * pageSize)
        }
      },
      free: () => {},
      close: () => {},
    }
  },
)
