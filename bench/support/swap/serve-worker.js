// What no swap in JavaScript can go below: a Worker that waits for a fault, and moves its page from staging, or reads it from the file and copies
// it. It keeps no record of the pages, has no store, and compares no checksum.
import { readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { thisProcess } from '../../../dist/this-process.js'
import { bindUserfaultfd } from '../../../dist/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '../../../dist/userfaultfd/uffd-messages.js'

const PAGE = 4096
const { descriptor, control, floor, file, start, staging } = workerData
const { pinThread } = createRequire(import.meta.url)(floor)
const uffd = bindUserfaultfd(() => thisProcess().kernel).fromRawDescriptor(descriptor)
const messages = new UffdMessages(16)
const page = new Uint8Array(PAGE)
const foreign = { foreign: true }
const [IDLE, SERVING, STOPPING, ENDING] = [0, 1, 2, 3]
parentPort.postMessage('ready')

for (let state = IDLE; state !== ENDING; state = Atomics.load(control, 0)) {
  if (state === SERVING) {
    pinThread(0, control[1])
    serve(control[2] === 1)
    Atomics.compareExchange(control, 0, STOPPING, IDLE)
    Atomics.notify(control, 0)
  } else Atomics.wait(control, 0, IDLE)
}
uffd.close({ missing: 'zero' })

function serve(fromStaging) {
  while (Atomics.load(control, 0) === SERVING) {
    const count = uffd.waitEvents(messages, 10)
    for (let index = 0; index < count; index++) {
      if (!messages.isFault(index)) continue
      const address = messages.address(index, PAGE)
      if (fromStaging) uffd.move(address, address - start + staging, PAGE, foreign)
      else {
        readSync(file, page, 0, PAGE, address - start)
        uffd.copy(address, PAGE, page)
      }
    }
  }
}
