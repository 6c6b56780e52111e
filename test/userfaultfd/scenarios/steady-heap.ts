// The heap of a handler loop before and after many faults, with nothing collected by hand in between.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { kernel, page } from '../memory.js'

const PAGES = 500
const WARM = 100_000
const COUNTED = 200_000

if (isMainThread) {
  const uffd = Userfaultfd.create(kernel)
  const mapping = thisProcess().mapMut({ length: PAGES * page })
  uffd.register(mapping.start, mapping.size)
  const worker = new Worker(new URL(import.meta.url), { workerData: uffd.tryClone().intoRawDescriptor() })
  await once(worker, 'message')
  const answer = once(worker, 'message')
  const { bytes } = mapping
  let sum = 0
  for (let fault = 0; fault < WARM + COUNTED + PAGES; fault += PAGES) {
    for (let index = 0; index < PAGES; index++) sum += bytes[index * page]!
    kernel.calls.madvise(mapping.start, mapping.size, MADV.DONTNEED)
  }
  const [grown] = await answer
  console.log(JSON.stringify({ perEvent: (grown as number) / COUNTED, sum }))
  process.exit()
} else {
  const uffd = Userfaultfd.fromRawDescriptor(kernel, workerData as number)
  const messages = new UffdMessages(16)
  const contents = new Uint8Array(page).fill(1)
  parentPort!.postMessage('ready')
  const serve = (wanted: number) => {
    for (let served = 0; served < wanted; ) {
      const count = uffd.waitEvents(messages, 100)
      for (let index = 0; index < count; index++) {
        if (messages.isFault(index)) uffd.copy(messages.address(index, page), page, contents)
      }
      served += count
    }
  }
  // In many calls, so that the engine optimizes the whole function and not one loop that happens to run.
  for (let warmed = 0; warmed < WARM; warmed += PAGES) serve(PAGES)
  const before = process.memoryUsage().heapUsed
  serve(COUNTED)
  parentPort!.postMessage(process.memoryUsage().heapUsed - before)
  serve(PAGES)
}
