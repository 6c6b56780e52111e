// An array of 1 TiB that can be written: 16 MiB of it are in RAM, and what was written is in a page store.
import { isMainThread } from 'node:worker_threads'
import { openDevice } from 'vmarea'
import { defineDevice } from 'vmarea/device'
import { fileStore, openPageStore } from 'vmarea/stores'

// The driver runs on a thread of its own, which loads this module again.
export default defineDevice(async (_options, { pageSize }) => {
  const store = await openPageStore(fileStore(), { pageSize })
  const stored = new Set()
  const numbers = (offset, bytes) => Array.from({ length: bytes.length / pageSize }, (_, at) => offset / pageSize + at)
  return {
    size: 2 ** 40,
    // A page that was never written is zeros: there is nothing to fill.
    async fault({ offset, bytes }) {
      const part = (at) => bytes.subarray(at * pageSize, (at + 1) * pageSize)
      const pages = numbers(offset, bytes)
      await Promise.all(pages.map((page, at) => (stored.has(page) ? store.read([page], part(at)) : undefined)))
    },
    async writeback({ offset, bytes }) {
      const pages = numbers(offset, bytes)
      await store.write(pages, bytes)
      for (const page of pages) stored.add(page)
    },
    close: () => store.close(),
  }
})

if (isMainThread) {
  const device = await openDevice(import.meta.url, { residentLimit: 16 * 2 ** 20 })
  const array = device.map({ protection: 'write', shared: true })
  console.log(array.size / 2 ** 40, 'TiB') // 1 TiB

  // 6,000 pages, which are 23 MiB, all over the array.
  const place = (number) => Math.imul(number, 0x9e3779b1) >>> 0
  const word = new Uint32Array(1)
  for (let number = 0; number < 6000; number++) {
    word[0] = number
    array.write(place(number) * 256, new Uint8Array(word.buffer))
  }
  let wrong = 0
  for (let number = 0; number < 6000; number++) {
    array.read(place(number) * 256, new Uint8Array(word.buffer))
    if (word[0] !== number) wrong++
  }
  console.log(wrong, 'words are wrong') // 0 words are wrong

  await array.flush() // What was written is in the store now.
  const { bytesResident, bytesUnwritten } = device.statistics
  console.log(bytesResident <= 16 * 2 ** 20 ? 'at most 16 MiB are in RAM' : `${bytesResident} bytes are in RAM`) // at most 16 MiB are in RAM
  console.log(bytesUnwritten, 'bytes are not in the store') // 0 bytes are not in the store
  await device.close()
  array.unmap()
}
