// The handler loop under test: one Worker that only waits and copies.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { thisProcess } from '../../../dist/this-process.js'
import { bindUserfaultfd } from '../../../dist/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '../../../dist/userfaultfd/uffd-messages.js'

const { descriptor, control, floor, cpu } = workerData
createRequire(import.meta.url)(floor).pin(cpu)
const uffd = bindUserfaultfd(() => thisProcess().kernel).fromRawDescriptor(descriptor)
const messages = new UffdMessages(16)
const page = new Uint8Array(4096).fill(7)
const [STOP, HEAP, SERVED] = [0, 1, 2]
parentPort.postMessage('ready')

while (Atomics.load(control, STOP) === 0) {
  const count = uffd.waitEvents(messages, 100)
  for (let index = 0; index < count; index++) {
    if (messages.isFault(index)) uffd.copy(messages.address(index, 4096), 4096, page)
  }
  Atomics.add(control, SERVED, count)
  // The main thread asks for the size of the heap, which itself allocates: only then.
  if (Atomics.load(control, HEAP) === -1) {
    Atomics.store(control, HEAP, Math.round(process.memoryUsage().heapUsed / 8))
    Atomics.notify(control, HEAP)
  }
}
uffd.close()
