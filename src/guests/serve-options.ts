import type { WorkingSet } from './working-set.js'

/** How the faults of a guest are answered. */
export interface ServeOptions {
  /**
   * Bytes that are fetched at once around a fault, over pages that are missing alone: a power of two. Rounded up to the page of the region.
   * Faults in the order of addresses bring up to eight times as many behind the answer, unless it is one page, or `record` is given.
   *
   * @defaultValue 65536
   */
  readonly around?: number
  /** Milliseconds that reading a page may take until it is given up. @defaultValue 30_000 */
  readonly timeout?: number
  /** How many reads of a source that is no file may be in flight. @defaultValue 256 */
  readonly atOnce?: number
  /**
   * What a page is that the guest gave back (its balloon). `zero`: it faults again, and is zeros. `unregister`: the kernel gives zeros by
   * itself, which is cheaper.
   *
   * @defaultValue 'zero'
   */
  readonly removed?: 'zero' | 'unregister'
  /**
   * Notes which pages the guest writes, for `dirty` and `saveDiff`. The first write to each page then takes a fault, which this process answers;
   * where the monitor's userfaultfd has `wp_async` the kernel does, and only reading the pages takes the right to trace the monitor. Requires
   * `removed: 'zero'`.
   *
   * @defaultValue false
   */
  readonly dirty?: boolean
  /** A page that can't be read after its retries. `poison`: each access to it fails. `kill`: the monitor is killed. @defaultValue 'poison' */
  readonly onPageFailure?: 'poison' | 'kill'
  /** What is fetched before the guest demands it: all of the memory, a working set, or the path of one. Faults are answered first. */
  readonly prefetch?: 'all' | WorkingSet | string
  /** Notes which pages are demanded, in order: for `workingSet`, or the path of a file that is written when the guest ends. */
  readonly record?: boolean | string
}
