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
      const written = pass(memory.view(0, SIZE).buffer as ArrayBuffer, true)
      const { swapPages, bytesUsed } = swap.statistics
      const read = pass(memory.view(0, SIZE).buffer as ArrayBuffer, false)
      if (swap.failure !== undefined) return [`not here: ${tmpdir()} can't take the pages: ${swap.failure.message}`]
      expect(written === read, `the checksum to be ${written} still, and it is ${read}`)
      const { latency, copiedFromFilePages } = swap.statistics
      const held = `${Math.round((swapPages * pageSize) / MiB)} MiB`
      return [
        `openSwap(memory, { store: fileStore(), residentLimit: ${LIMIT / MiB} * 2 ** 20 }), faults from ${swap.source}`,
        `1 GiB was written and read back: the checksum is ${read.toString(16).padStart(8, '0')} both times`,
        `after the writes the file had ${held}${bytesUsed === undefined ? '' : `, in ${Math.round(bytesUsed / MiB)} MiB`}; ${copiedFromFilePages.toLocaleString('en')} pages came back, half of the faults in less than ${median(latency.store)} µs`,
      ]
    } finally {
      memory.unmap() // Otherwise exit() would bring all pages back.
      await swap.exit()
    }
  },
}

/** Writes words of a sequence to all of the memory, or reads them. Returns their checksum, as FNV-1a makes one. */
function pass(memory: ArrayBuffer, write: boolean): number {
  const words = new Uint32Array(memory)
  let sum = 0x811c9dc5
  for (let at = 0; at < words.length; at++) {
    if (write) words[at] = Math.imul(at + 1, 0x9e3779b1)
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
