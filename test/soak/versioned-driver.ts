import { driverUrl } from '../pager/support/driver-url.js'
import { pageSize } from '../published/index.js'

const page = pageSize()

export interface VersionedOptions {
  readonly pages: number
  /** The version of each page: what a fill gives is of the one that is noted when it begins. */
  readonly versions: Int32Array
  /** The first number: how the thread is to end, by its place in `ENDS`; 0 for not at all. */
  readonly control: Int32Array
  /** One of so many fills throws; 0 for none. */
  readonly failing: number
  /** One of so many fills takes its time, and writes something else first; 0 for none. */
  readonly slow: number
}

export const ENDS = ['', 'exit', 'throw', 'loop'] as const

/**
 * The URL of a driver that gives pages of pairs of words: the page's version, and a checksum of that, of the page's number and of the
 * pair's place.
 */
export const versionedDriver = driverUrl((options: VersionedOptions) => {
  const { pages, versions, control, failing, slow } = options
  let fills = 0
  setInterval(() => {
    const how = Atomics.load(control, 0)
    if (how === 1) process.exit(3)
    if (how === 2) throw new Error('told to end')
    if (how === 3) for (;;) Atomics.wait(control, 0, 3, 10)
  }, 5)
  const fill = (bytes: Uint8Array, offset: number, version: (number: number) => number) => {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    for (let at = 0; at < words.length; at += 2) {
      const number = Math.floor((offset + at * 4) / page)
      const given = version(number)
      words[at] = given
      words[at + 1] = Math.imul(number * 1024 + (at % (page / 4)) + 1, 0x9e3779b1) ^ given
    }
  }
  return {
    size: pages * page,
    mmap() {},
    fault(fault) {
      const { bytes, offset } = fault
      fills++
      if (failing > 0 && fills % failing === 0) throw new Error('bad luck')
      const now = new Map<number, number>()
      for (let at = 0; at < bytes.length; at += page) {
        const number = (offset + at) / page
        now.set(number, Atomics.load(versions, number))
      }
      if (slow === 0 || fills % slow !== 0) return fill(bytes, offset, (number) => now.get(number)!)
      bytes.fill(0xee)
      return new Promise<void>((resolve) => {
        setTimeout(() => {
          fill(bytes, offset, (number) => now.get(number)!)
          resolve()
        }, fills % 7)
      })
    },
  }
})
