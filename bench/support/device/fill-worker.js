// What a device in JavaScript can't go below: a loop that waits for a fault, has the driver fill a page of zeros, and copies that page to its place.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { thisProcess } from '../../../dist/this-process.js'
import { bindUserfaultfd } from '../../../dist/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '../../../dist/userfaultfd/uffd-messages.js'
import { fillFromMemory } from './memory-driver.js'

const { descriptor, control, floor, cpu, start } = workerData
createRequire(import.meta.url)(floor).pin(cpu)
const uffd = bindUserfaultfd(() => thisProcess().kernel).fromRawDescriptor(descriptor)
const messages = new UffdMessages(16)
const fault = fillFromMemory()
// In turn, as those of a device are.
const pages = Array.from({ length: 16 }, () => new Uint8Array(4096))
let served = 0
parentPort.postMessage('ready')

while (Atomics.load(control, 0) === 0) {
  const count = uffd.waitEvents(messages, 100)
  for (let index = 0; index < count; index++) {
    if (!messages.isFault(index)) continue
    const address = messages.address(index, 4096)
    const bytes = pages[served++ % pages.length].fill(0)
    fault({ offset: address - start, bytes })
    uffd.copy(address, 4096, bytes)
  }
}
uffd.close()
