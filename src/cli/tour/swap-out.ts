import { tmpdir } from 'node:os'
import { fileStore } from '../../stores.js'
import { thisProcess } from '../../this-process.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { expect } from './expect.js'
import type { Stop } from './stop.js'

const MiB = 2 ** 20
const SIZE = 1024 * MiB
const LIMIT = 128 * MiB
/** On a slow machine the writes stop after so many milliseconds, but not before some pages have left. */
const PATIENCE = 5000
const LEAST = 192 * MiB
const SLICE = 16 * MiB
/** The checksum, FNV-1a, of nothing. */
const START = 0x811c9dc5

export const swapOut: Stop = {
  title: 'Use 1 GiB of memory in 128 MiB',
  explanation: `Swap keeps the pages that were not used lately in a file, and brings them back when they are touched. The program notices nothing but
    the time: it writes all of the memory, and reads it back.`,
  async show() {
    const process = thisProcess()
    const memory = process.mapMut({ length: SIZE })
    let swap: Awaited<ReturnType<typeof process.openSwap>>
    try {
      swap = await process.openSwap(memory, { store: fileStore(), residentLimit: LIMIT })
    } catch (error) {
      memory.unmap()
      // Where userfaultfd can't do it, the tour continues.
      if (error instanceof VmError || (error instanceof UsageError && error.code === 'ERR_VMAREA_UNSUPPORTED'))
        return [`not here: ${error.message}`]
      throw error
    }
    try {
      const { pageSize } = process
      const words = new Uint32Array(memory.view(0, SIZE).buffer as ArrayBuffer)
      const until = performance.now() + PATIENCE
      let written = START
      let size = 0
      for (; size < SIZE && (size < LEAST || performance.now() < until); size += SLICE) {
        written = pass(words.subarray(size / 4, (size + SLICE) / 4), written, size / 4)
      }
      const { swapPages, bytesUsed } = swap.statistics
      const read = pass(words.subarray(0, size / 4), START)
      if (swap.failure !== undefined) return [`not here: ${tmpdir()} can't take the pages: ${swap.failure.message}`]
      expect(written === read, `the checksum to be ${written} still, and it is ${read}`)
      const { latency, copiedFromFilePages } = swap.statistics
      const held = `${Math.round((swapPages * pageSize) / MiB)} MiB`
      return [
        `openSwap(memory, { store: fileStore(), residentLimit: ${LIMIT / MiB} * 2 ** 20 }), faults from ${swap.source}`,
        `${size / MiB} MiB were written and read back: the checksum is ${read.toString(16).padStart(8, '0')} both times`,
        `after the writes the file had ${held}${bytesUsed === undefined ? '' : `, in ${Math.round(bytesUsed / MiB)} MiB`}; ${copiedFromFilePages.toLocaleString('en')} pages came back, half of the faults in less than ${median(latency.store)} µs`,
      ]
    } finally {
      memory.unmap() // Otherwise exit() would bring all pages back.
      await swap.exit()
    }
  },
}

/** Continues a checksum with words, after writing a sequence to them from its member `first` on, where that is given. */
function pass(words: Uint32Array, checksum: number, first?: number): number {
  let sum = checksum
  for (let at = 0; at < words.length; at++) {
    if (first !== undefined) words[at] = Math.imul(first + at + 1, 0x9e3779b1)
    sum = Math.imul(sum ^ words[at]!, 0x01000193)
  }
  return sum >>> 0
}

/** The bound of the bucket in which the median of a histogram lies: bucket n counts what took less than 2^n. */
function median(histogram: readonly number[]): number {
  let left = histogram.reduce((sum, count) => sum + count, 0) / 2
  const bucket = histogram.findIndex((count) => {
    left -= count
    return left <= 0
  })
  return 2 ** bucket
}
