// Pages are moved out from under threads that keep writing to them, put away, and given back at the next fault: no write may be lost.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { anonymous, kernel, page } from '../memory.js'
import { peek } from '../peek.js'

const PAGES = 16
/** The writers go on until as many pages were moved from under them, and as many faults served. */
const ENOUGH = 3000

if (isMainThread) {
  // The writer holds the mapping; this thread serves and evicts.
  const uffd = bindUserfaultfd(() => kernel).create()
  const stop = new SharedArrayBuffer(4)
  const writers = await Promise.all(
    [1, 2].map(async () => {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { descriptor: uffd.tryClone().intoRawDescriptor(), stop },
      })
      const [start] = (await once(worker, 'message')) as [bigint]
      return { worker, start, ended: once(worker, 'message') as Promise<[number[]]> }
    }),
  )
  const staging = anonymous(1)
  uffd.register(staging.start, page)
  const store = new Map<number, Uint8Array>()
  const messages = new UffdMessages(32)
  let [evictions, served, busy] = [0, 0, 0]
  let running = true
  const counts = Promise.all(writers.map(({ ended }) => ended)).then((all) => {
    running = false
    return all.map(([one]) => one)
  })
  for (const { worker } of writers) worker.postMessage('go')
  for (let turn = 0; running; turn++) {
    serve()
    const { start } = writers[turn % 2]!
    evict(start + BigInt(((turn * 7) % PAGES) * page))
    if (evictions >= ENOUGH && served >= ENOUGH) Atomics.store(new Int32Array(stop), 0, 1)
    if (turn % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const expected = await counts
  // What is put away comes back before the count.
  for (const { start } of writers) {
    for (let index = 0; index < PAGES; index++) giveBack(Number(start) + index * page)
  }
  const sums = await Promise.all(
    writers.map(async ({ worker }) => {
      worker.postMessage('count')
      const [sum] = (await once(worker, 'message')) as [number[]]
      return sum
    }),
  )
  console.log(JSON.stringify({ expected, sums, evictions, served, busy }))
  process.exit()

  function serve(): void {
    const count = uffd.readEvents(messages)
    for (let index = 0; index < count; index++) {
      giveBack(messages.address(index, page))
      served++
    }
  }

  function giveBack(address: number): void {
    const kept = store.get(address)
    try {
      if (kept === undefined) uffd.zero(address, page)
      else uffd.copy(address, page, kept)
      store.delete(address)
    } catch (error) {
      if (!(error instanceof VmError) || error.code !== 'EEXIST') throw error
      uffd.wake(address, page)
    }
  }

  function evict(address: bigint): void {
    try {
      uffd.move(staging.start, address, page, { foreign: true })
    } catch (error) {
      if (!(error instanceof VmError)) throw error
      if (error.code === 'ENOENT') return // It is away already.
      if (error.code !== 'EBUSY' && error.code !== 'EAGAIN') throw error
      busy++
      return
    }
    store.set(Number(address), peek(staging.start, page).slice())
    kernel.calls.madvise(staging.start, page, MADV.DONTNEED)
    evictions++
  }
} else {
  const { descriptor, stop } = workerData as { descriptor: number; stop: SharedArrayBuffer }
  const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
  const stopped = new Int32Array(stop)
  const mapping = thisProcess().mapMut({ length: PAGES * page })
  uffd.register(mapping.start, mapping.size)
  const words = new Uint32Array(mapping.bytes.buffer as ArrayBuffer)
  const stride = page / 4
  const count: number[] = Array(PAGES).fill(0)
  parentPort!.on('message', (what) => {
    if (what === 'count') {
      parentPort!.postMessage(Array.from({ length: PAGES }, (_, index) => words[index * stride]!))
      return
    }
    for (let state = 1; Atomics.load(stopped, 0) === 0; ) {
      state = (state * 1103515245 + 12345) % 2147483648
      const index = (state >> 8) % PAGES
      words[index * stride]!++
      count[index]!++
    }
    parentPort!.postMessage(count)
  })
  parentPort!.postMessage(mapping.start)
}
