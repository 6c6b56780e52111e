// The thread that answers: it writes into each page which one it is.
import { parentPort, workerData } from 'node:worker_threads'
import { thisProcess } from '../../this-process.js'
import { bindUserfaultfd } from '../../userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '../../userfaultfd/uffd-messages.js'

const { descriptor, start } = workerData as { descriptor: number; start: number }
const { kernel, pageSize } = thisProcess()
const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
const messages = new UffdMessages(16)
const page = new Uint8Array(pageSize)
let open = true

parentPort?.on('message', () => {
  open = false
})
parentPort?.postMessage('ready')
while (open) {
  const count = uffd.waitEvents(messages, 50)
  for (let index = 0; index < count; index++) {
    if (!messages.isFault(index)) continue
    const address = messages.address(index, pageSize)
    page.fill(0)
    new TextEncoder().encodeInto(`page ${(address - start) / pageSize}, made by TypeScript when it was touched`, page)
    uffd.copy(address, pageSize, page)
  }
  await new Promise(setImmediate) // The message that ends this comes between two waits.
}
uffd.close()
parentPort?.close()
