// What no swap in JavaScript can go below: a Worker that makes the calls of the careful program in C. It knows which pages are present, keeps
// their checksums and has a store in memory; it has no states, no hand that spares pages in use, no interface to a store, and no events.
import { parentPort, workerData } from 'node:worker_threads'
import { addon } from '../../../dist/linux/addon/addon.js'
import { adoptUserfaultfd } from '../../../dist/linux/userfaultfd/adopt-userfaultfd.js'
import { UffdMessages } from '../../../dist/userfaultfd/uffd-messages.js'

const [PAGE, BATCH, DONTNEED] = [4096, 64, 4]
const { parts, memory, pages, limit, shared } = workerData
const [descriptor, trashDescriptor, staging, trash] = parts
const [control, counters] = [new Int32Array(shared, 0, 1), new Float64Array(shared, 8, 1)]
const calls = addon()
const [raw, trashRaw] = [descriptor, trashDescriptor].map((each) => adoptUserfaultfd(each))
const messages = new UffdMessages(16)
const store = pagesOf(new ArrayBuffer(pages * PAGE))
const batch = new Uint8Array(BATCH * PAGE)
const batchPages = pagesOf(batch.buffer)
const [page, digest] = [new Uint8Array(PAGE), new Float64Array(1)]
const [leaving, digests] = [new Uint32Array(BATCH), new Float64Array(BATCH)]
const [present, stored, kept] = [new Uint8Array(pages), new Uint8Array(pages), new Float64Array(pages)]
let [resident, hand] = [0, 0]
parentPort.postMessage('ready')

while (Atomics.load(control, 0) === 0) {
  const read = raw.wait(messages.bytes, 10)
  for (let index = 0; index < read / 32; index++) if (messages.isFault(index)) resolve(messages.address(index, PAGE))
}
for (const each of [raw, trashRaw]) each.close('zero')

function resolve(address) {
  if (resident >= limit) evict()
  const at = (address - memory) / PAGE
  if (stored[at] === 1) {
    page.set(store[at])
    calls.digestPages(page, digest)
    if (digest[0] !== kept[at]) throw new Error(`page ${at} is damaged`)
    if (raw.copy(address, page, PAGE, 0) !== 0) return
  } else if (raw.zeropage(address, PAGE, 0) !== 0) return
  present[at] = 1
  resident++
}

function evict() {
  for (let count = 0; count < BATCH; hand = (hand + 1) % pages) {
    if (present[hand] === 0) continue
    if (raw.move(staging + count * PAGE, memory + hand * PAGE, PAGE, 0) === 0) leaving[count++] = hand
  }
  calls.copyAndDigestPages(staging, batch, digests)
  for (let index = 0; index < BATCH; index++) {
    const at = leaving[index]
    store[at].set(batchPages[index])
    kept[at] = digests[index]
    present[at] = 0
    stored[at] = 1
  }
  resident -= BATCH
  counters[0] += BATCH
  trashRaw.move(trash, staging, BATCH * PAGE, 0)
  calls.adviseBare(trash, BATCH * PAGE, DONTNEED)
}

function pagesOf(buffer) {
  return Array.from({ length: buffer.byteLength / PAGE }, (_, at) => new Uint8Array(buffer, at * PAGE, PAGE))
}
