// A driver that keeps its pages in memory, and takes what programs write.
import { defineDevice } from '../../../dist/index.js'

export default defineDevice(({ size }) => {
  const store = new Uint8Array(size).fill(1)
  return {
    size,
    mmap() {},
    fault({ offset, bytes }) {
      bytes.set(store.subarray(offset, offset + bytes.length))
    },
    writeback({ offset, bytes }) {
      store.set(bytes, offset)
    },
  }
})
