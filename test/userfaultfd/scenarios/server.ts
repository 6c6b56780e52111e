// A Worker that serves faults in a blocking loop: page number n from `start` gets the byte fill(n).
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { kernel, page } from '../own-kernel.js'

export interface ServerData {
  descriptor: number
  /** Throws at the fault with this number. */
  throwAt?: number
  /** Waits before each answer until there is something else than 0 in it. */
  gate?: SharedArrayBuffer
  /** Reads faults and never answers. */
  mute?: boolean
  /** Maps memory before each answer. */
  maps?: boolean
  whenServerEnds?: 'poison' | 'wait'
}

const data = workerData as ServerData
const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(data.descriptor, {
  whenServerEnds: data.whenServerEnds ?? 'poison',
})
const messages = new UffdMessages(64)
const bytes = new Uint8Array(page)
let served = 0
let stopped = false
parentPort!.on('message', () => {
  stopped = true
})
parentPort!.postMessage('ready')

while (!stopped) {
  const count = uffd.waitEvents(messages, 20)
  for (let index = 0; index < count; index++) {
    if (!messages.isFault(index)) continue
    if (served++ === data.throwAt) throw new Error('the handler failed')
    if (data.mute) continue
    if (data.maps) kernel.calls.munmap(kernel.calls.mmap(0n, page, 3, 0x22, -1, 0), page)
    if (data.gate) Atomics.wait(new Int32Array(data.gate), 0, 0)
    const address = messages.address(index, page)
    bytes.fill(fill(address))
    try {
      uffd.copy(address, page, bytes)
    } catch (error) {
      if (!(error instanceof VmError) || error.code !== 'EEXIST') throw error
      uffd.wake(address, page)
    }
  }
  await sleep(0)
}
uffd.close()
parentPort!.postMessage({ served })
parentPort!.close()

function fill(address: number): number {
  return ((address / page) % 251) + 1
}
