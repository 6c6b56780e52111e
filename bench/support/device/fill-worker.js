// What a device in JavaScript can't go below: a loop that waits for a fault, has the driver fill a page of zeros, and copies that page to its place.
// With `accounts` it keeps what a device promises for each wait as well, in the simplest way.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { thisProcess } from '../../../dist/this-process.js'
import { bindUserfaultfd } from '../../../dist/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '../../../dist/userfaultfd/uffd-messages.js'
import { fillFromMemory } from './memory-driver.js'

const PAGE = 4096
const { descriptor, control, floor, cpu, start, accounts } = workerData
createRequire(import.meta.url)(floor).pin(cpu)
const uffd = bindUserfaultfd(() => thisProcess().kernel).fromRawDescriptor(descriptor)
const messages = new UffdMessages(16)
const fault = fillFromMemory()
// In turn, as those of a device are.
const pages = Array.from({ length: 16 }, () => new Uint8Array(PAGE))
let served = 0
const serve = accounts ? serveWithAccounts() : serveAlone
parentPort.postMessage('ready')

while (Atomics.load(control, 0) === 0) {
  const count = uffd.waitEvents(messages, 100)
  for (let index = 0; index < count; index++) if (messages.isFault(index)) serve(messages.address(index, PAGE), index)
}
uffd.close()

function page() {
  return pages[served++ % pages.length].fill(0)
}

function serveAlone(address) {
  const bytes = page()
  fault({ offset: address - start, bytes })
  uffd.copy(address, PAGE, bytes)
}

/**
 * One request for all waiters of a page, when each began to wait, so that a limit can end it, since when the hook has been running, and
 * counters with a histogram, both where another thread reads them.
 */
function serveWithAccounts() {
  const counters = new Float64Array(new SharedArrayBuffer(8 * 40))
  const [FAULTS, FILLS, WAITING, BYTES, BUSY_SINCE, LATENCIES] = [0, 1, 2, 3, 4, 8]
  const pending = []

  class Fault {
    #request
    constructor(request) {
      this.#request = request
    }
    get offset() {
      return this.#request.offset
    }
    get bytes() {
      return this.#request.bytes
    }
  }

  function settle(request) {
    pending.pop()
    request.state = 'settled'
    const time = performance.now()
    for (const { since } of request.waiters) {
      counters[WAITING]--
      counters[LATENCIES + 32 - Math.clz32((time - since) * 1000)]++
    }
    counters[BYTES] += PAGE
    uffd.copy(request.waiters[0].address, PAGE, request.bytes)
  }

  return (address, index) => {
    const offset = address - start
    const waiter = { address, since: performance.now(), threadId: messages.threadId(index) }
    counters[FAULTS]++
    counters[WAITING]++
    const same = pending.find((request) => request.offset === offset)
    if (same !== undefined) {
      same.waiters.push(waiter)
      return
    }
    const request = { offset, state: 'asked', waiters: [waiter], bytes: page() }
    pending.push(request)
    counters[FILLS]++
    counters[BUSY_SINCE] = performance.now()
    let answer
    try {
      answer = fault(new Fault(request))
    } finally {
      counters[BUSY_SINCE] = 0
    }
    if (answer === undefined) settle(request)
  }
}
