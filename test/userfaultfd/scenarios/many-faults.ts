// Several Workers touch pages of their own and of each other's in plain loops while one Worker serves them all.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { kernel, page } from '../memory.js'
import { filled, startServer, stopServer } from './start-server.js'

const PAGES = 512

if (isMainThread) {
  const [workers, servers] = process.argv.slice(2).map(Number) as [number, number]
  const uffd = bindUserfaultfd(() => kernel).create({ features: ['thread_id'] })
  const running = []
  for (let index = 0; index < servers; index++) running.push(await startServer(uffd))
  // All of them at once touch the same shared object, so that threads meet at the same pages.
  const descriptor = kernel.files.memfdCreate('shared', { sealable: false })
  kernel.files.ftruncate(descriptor, PAGES * page)
  const touching = Array.from({ length: workers }, (_, seed) => {
    const workerData = { descriptor: uffd.tryClone().intoRawDescriptor(), seed: seed + 1 }
    return new Worker(new URL(import.meta.url), { workerData })
  })
  const answers = await Promise.all(
    touching.map((worker) => once(worker, 'message').then(([wrong]) => wrong as number)),
  )
  let served = 0
  for (const server of running) served += await stopServer(server)
  const { waiting, read } = uffd.unanswered()
  console.log(JSON.stringify({ wrong: answers, served, waiting, unanswered: read.length }))
} else {
  const { descriptor, seed } = workerData as { descriptor: number; seed: number }
  const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
  const mapping = thisProcess().mapMut({ length: PAGES * page })
  uffd.register(mapping.start, mapping.size)
  const bytes = mapping.bytes
  let wrong = 0
  let state = seed
  for (let step = 0; step < PAGES; step++) {
    state = (state * 1103515245 + 12345) % 2147483648
    const index = state % PAGES
    const expected = filled(mapping.start + BigInt(index * page))
    if (bytes[index * page + (state % page)] !== expected) wrong++
  }
  for (let index = 0; index < PAGES; index++) {
    if (bytes[index * page] !== filled(mapping.start + BigInt(index * page))) wrong++
  }
  mapping.unmap()
  uffd.close()
  parentPort!.postMessage(wrong)
}
