// A server that takes its time, and what can be seen of who waits for it meanwhile.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
import { kernel, page, threadId } from '../memory.js'
import { filled, startServer, stopServer } from './start-server.js'

if (isMainThread) {
  const uffd = Userfaultfd.create(kernel, { features: ['thread_id'] })
  const watcher = new Worker(new URL(import.meta.url), { workerData: uffd.tryClone().intoRawDescriptor() })
  await once(watcher, 'message')
  const report = once(watcher, 'message')
  const server = await startServer(uffd, { delay: 300 })
  const mapping = thisProcess().mapMut({ length: 2 * page })
  uffd.register(mapping.start, mapping.size)
  watcher.postMessage('watch')
  const before = performance.now()
  const byte = mapping.bytes[page + 7]
  const took = performance.now() - before
  const [seen] = await report
  // The record is struck out once the answering call has returned, a moment after it woke this thread.
  for (let tries = 0; tries < 200 && uffd.unanswered().read.length > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
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
  const uffd = Userfaultfd.fromRawDescriptor(kernel, workerData as number)
  parentPort!.once('message', async () => {
    let seen = uffd.unanswered()
    while (seen.read.length === 0 || seen.threads.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen = uffd.unanswered()
    }
    await new Promise((resolve) => setTimeout(resolve, 60))
    seen = uffd.unanswered()
    parentPort!.postMessage({ ...seen, read: seen.read.map((one) => ({ ...one, address: String(one.address) })) })
  })
  parentPort!.postMessage('ready')
}
