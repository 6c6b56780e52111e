// A server that takes its time, and what can be seen of who waits for it meanwhile.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { until } from '../../support/until.js'
import { kernel, page, threadId } from '../memory.js'
import { filled, startServer, stopServer } from './start-server.js'

if (isMainThread) {
  const uffd = bindUserfaultfd(() => kernel).create({ features: ['thread_id'] })
  const gate = new SharedArrayBuffer(4)
  const watcher = new Worker(new URL(import.meta.url), {
    workerData: { descriptor: uffd.tryClone().intoRawDescriptor(), gate },
  })
  await once(watcher, 'message')
  const report = once(watcher, 'message')
  const server = await startServer(uffd, { gate })
  const mapping = thisProcess().mapMut({ length: 2 * page })
  uffd.register(mapping.start, mapping.size)
  watcher.postMessage('watch')
  const before = performance.now()
  const byte = mapping.bytes[page + 7]
  const took = performance.now() - before
  const [seen] = await report
  // The record is struck out once the answering call has returned, a moment after it woke this thread.
  await until('the record is struck out', () => uffd.unanswered().read.length === 0)
  console.log(
    JSON.stringify({
      right: byte === filled(mapping.start + BigInt(page)),
      took,
      seen,
      address: String(mapping.start + BigInt(page)),
      thread: threadId(),
      after: uffd.unanswered().read.length,
    }),
  )
  await stopServer(server)
  await watcher.terminate()
} else {
  const { descriptor, gate } = workerData as { descriptor: number; gate: SharedArrayBuffer }
  const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
  parentPort!.once('message', async () => {
    const first = await until('a thread waits', () => {
      const seen = uffd.unanswered()
      return seen.read.length > 0 && seen.threads.length > 0 && seen
    })
    const began = performance.now()
    while (performance.now() - began < 60) await new Promise((resolve) => setTimeout(resolve, 5))
    const seen = uffd.unanswered()
    parentPort!.postMessage({
      ...seen,
      read: seen.read.map((one) => ({ ...one, address: String(one.address) })),
      waitedAtFirst: first.read[0]!.waited,
    })
    // Only now it is answered.
    Atomics.store(new Int32Array(gate), 0, 1)
    Atomics.notify(new Int32Array(gate), 0)
  })
  parentPort!.postMessage('ready')
}
