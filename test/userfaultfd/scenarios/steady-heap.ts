// The heap of a handler loop before and after many faults, with nothing collected in between. Until the engine has optimized the loop,
// which on a machine under load it comes to when it can, numbers are allocated: so it is measured until it is none, or for good.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { kernel, page } from '../memory.js'

const PAGES = 500
const WARM = 50_000
const COUNTED = 50_000
const ATTEMPTS = 4
/** The smallest thing that JavaScript could allocate has 12 bytes; measuring itself takes some. */
const NOTHING = 6

if (isMainThread) {
  const uffd = bindUserfaultfd(() => kernel).create()
  const mapping = thisProcess().mapMut({ length: PAGES * page })
  uffd.register(mapping.start, mapping.size)
  const done = new SharedArrayBuffer(4)
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { descriptor: uffd.tryClone().intoRawDescriptor(), done },
  })
  await once(worker, 'message')
  const answer = once(worker, 'message')
  const { bytes } = mapping
  let sum = 0
  while (Atomics.load(new Int32Array(done), 0) === 0) {
    for (let index = 0; index < PAGES; index++) sum += bytes[index * page]!
    kernel.calls.madvise(mapping.start, mapping.size, MADV.DONTNEED)
  }
  const [perEvent] = await answer
  console.log(JSON.stringify({ perEvent, sum }))
  process.exit()
} else {
  const { descriptor, done } = workerData as { descriptor: number; done: SharedArrayBuffer }
  const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
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
  const perEvent: number[] = []
  do {
    // In many calls, so that the engine optimizes the whole function and not one loop that happens to run.
    for (let warmed = 0; warmed < WARM; warmed += PAGES) serve(PAGES)
    const before = process.memoryUsage().heapUsed
    serve(COUNTED)
    perEvent.push((process.memoryUsage().heapUsed - before) / COUNTED)
  } while (perEvent.at(-1)! >= NOTHING && perEvent.length < ATTEMPTS)
  Atomics.store(new Int32Array(done), 0, 1)
  parentPort!.postMessage(perEvent)
  serve(PAGES)
}
