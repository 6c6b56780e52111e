// Calls that wait for pages of a driver which needs libuv's pool.
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { patient } from '../../support/patient.js'
import { kernel, page } from '../memory.js'
import type { PoolServerData } from './pool-server.js'

const PAGES = 256
const LARGE = 512 << 20
const uffd = isMainThread
  ? bindUserfaultfd(() => kernel).create()
  : bindUserfaultfd(() => kernel).fromRawDescriptor((workerData as { descriptor: number }).descriptor)

const scenarios: Record<string, (count: number) => Promise<unknown>> = {
  // So many reads at once, of which none is answered before all have come.
  async read(count) {
    const mapping = served()
    const server = await serve(mapping.start, Math.min(count, 64))
    const targets = Array.from({ length: count }, () => new Uint8Array(page))
    await Promise.all(targets.map((target, index) => mapping.readAsync(index * page, target)))
    const wrong = targets.filter((target, index) => target.some((byte) => byte !== index % 251)).length
    return { wrong, most: await mostOf(server) }
  },

  async populate(count) {
    const mapping = served()
    const server = await serve(mapping.start, count)
    await Promise.all(Array.from({ length: count }, (_, index) => mapping.populate(index * page, page)))
    return { resident: mapping.resident().subarray(0, count).join(''), most: await mostOf(server) }
  },

  async write(count) {
    const mapping = served()
    const server = await serve(mapping.start, count)
    const bytes = new Uint8Array(4).fill(9)
    await Promise.all(Array.from({ length: count }, (_, index) => mapping.writeAsync(index * page, bytes)))
    const seen = mapping.read(3 * page, new Uint8Array(5))
    return { seen: [...seen], most: await mostOf(server) }
  },

  // A thread ends while its calls wait for pages that nobody answers.
  async ends(count) {
    const how = process.argv[4]
    const start = async () => {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { descriptor: uffd.tryClone().intoRawDescriptor(), count, how },
      })
      worker.on('error', () => {})
      const exit = new Promise((resolve) => worker.once('exit', resolve))
      await once(worker, 'message')
      while (uffd.unanswered().waiting < count) await pause(2)
      if (how === 'terminate') void worker.terminate()
      else worker.postMessage('end')
      await exit
      while (uffd.unanswered().waiting > 0) await pause(2)
    }
    await start()
    const before = addressSpace()
    for (let round = 0; round < 8; round++) await start()
    // The threads that waited clean up, without anyone's doing.
    const left = () => (addressSpace() - before) / LARGE
    for (const end = performance.now() + patient(10_000); left() >= 0.9 && performance.now() < end; ) await pause(5)
    return { left: left() }
  },

  // The threads go when there is nothing for them.
  async idle(count) {
    const mapping = served()
    await serve(mapping.start, count)
    await Promise.all(Array.from({ length: count }, (_, index) => mapping.readAsync(index * page, new Uint8Array(1))))
    while (threads().length > 0) await pause(50)
    const target = new Uint8Array(1)
    await mapping.readAsync(7 * page, target)
    return { again: target[0] }
  },
}

if (isMainThread) {
  const [scenario, count] = process.argv.slice(2) as [string, string]
  console.log(JSON.stringify(await scenarios[scenario]!(Number(count))))
  process.exit()
} else {
  const { count, how } = workerData as { count: number; how: string }
  const mapping = served(LARGE)
  for (let index = 0; index < count; index++) {
    if (index % 3 === 0) void mapping.readAsync(index * page, new Uint8Array(page))
    else if (index % 3 === 1) void mapping.writeAsync(index * page, new Uint8Array(8)).catch(() => {})
    else void mapping.populate(index * page, page).catch(() => {})
  }
  parentPort!.on('message', () => {
    if (how === 'throw') throw new Error('the worker failed')
    process.exit(0)
  })
  parentPort!.postMessage('waiting')
}

function served(length = PAGES * page) {
  const mapping = thisProcess().mapMut({ length })
  uffd.register(mapping.start, mapping.size)
  return mapping
}

async function serve(start: bigint, together: number): Promise<Worker> {
  const data: PoolServerData = { descriptor: uffd.tryClone().intoRawDescriptor(), start: Number(start), together }
  const worker = new Worker(new URL('./pool-server.js', import.meta.url), { workerData: data })
  await once(worker, 'message')
  return worker
}

/** How many faults the server had in hand at once. */
async function mostOf(server: Worker): Promise<number> {
  server.postMessage('most')
  const [{ most }] = (await once(server, 'message')) as [{ most: number }]
  return most
}

function threads(): string[] {
  return readdirSync('/proc/self/task').filter((task) => text(`/proc/self/task/${task}/comm`) === 'vmarea-wait\n')
}

/** Bytes of addresses that the process has taken. */
function addressSpace(): number {
  return Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))![1]) * 1024
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
