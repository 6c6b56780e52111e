// The main thread touches a memory file whose server ends, loops or is silent, under a deadline. Prints what each access said.
import { once } from 'node:events'
import { readdirSync, readFileSync, writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { thisProcess } from '#vmarea/this-process.js'
import { openUserfaultfd } from '#vmarea/userfaultfd/open-userfaultfd.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { kernel, page } from '../memory.js'
import type { Ending, WardenServerData } from './warden-server.js'

const [scenario, argument, milliseconds] = process.argv.slice(2) as [string, string, string]
const PAGES = 1024

const file = thisProcess().memfd('served', { size: PAGES * page })
const mapping = thisProcess().mapMut({ file, shared: true })
const start = mapping.start
const { raw } = openUserfaultfd(kernel.userfaultfds, false)
raw.api(
  UFFD_FEATURE.MISSING_SHMEM |
    UFFD_FEATURE.MINOR_SHMEM |
    UFFD_FEATURE.PAGEFAULT_FLAG_WP |
    UFFD_FEATURE.WP_HUGETLBFS_SHMEM,
)
raw.register(start, mapping.size, UFFD_MODE.MISSING | UFFD_MODE.MINOR | (scenario === 'write' ? UFFD_MODE.WP : 0))
raw.setDeadline!(Number(milliseconds))
const bell = new Int32Array(new SharedArrayBuffer(4))

const answers: Record<string, () => Promise<unknown>> = {
  // At the first fault the server ends as asked; what others touch fails too, until another one serves.
  async ends() {
    const pages = Array.from({ length: 10 }, (_, index) => index)
    const server = await serve(argument === 'terminate' ? 'mute' : (argument as Ending))
    server.on('error', () => {})
    const exit = new Promise((resolve) => server.once('exit', resolve))
    if (argument === 'terminate') {
      const toucher = await touchElsewhere(20)
      while (raw.unanswered!().read.length === 0) await pause(5)
      void server.terminate()
      await once(toucher, 'message')
    }
    const first = timed(() => touch(0))
    const next = timed(() => pages.slice(1).map(touch))
    const failed = failures()
    Atomics.store(bell, 0, 1)
    server.postMessage('stop')
    await exit
    await serve('serve')
    const untouched = touch(pages.length)
    kernel.calls.madvise(start, pages.length * page, MADV.DONTNEED)
    const healed = pages.map(touch)
    return { first, next, failed, untouched, healed, after: failures() }
  },

  async mute() {
    await serve('mute')
    const first = timed(() => touch(3))
    const read = mapping.read.bind(mapping)
    const guarded = said(() => read(7 * page, new Uint8Array(1))[0])
    return { first, guarded, failed: failures(), again: failures() }
  },

  async late() {
    const server = await serve('late')
    const first = touch(5)
    const code = await answerOf(server)
    // Here the guard has covered the page when the answer comes.
    void mapping.bytes[6 * page]
    const covered = await answerOf(server)
    const faults = mapping.faults
    mapping.restore()
    kernel.calls.madvise(start + BigInt(6 * page), page, MADV.DONTNEED)
    raw.continue(start + BigInt(6 * page), page, 0)
    return { first, code, covered, faults, after: [touch(5), touch(6)], failed: failures() }
  },

  // Who waits, waits for the next that serves.
  async next() {
    const server = await serve('mute', true)
    const toucher = await touchElsewhere(0)
    while (raw.unanswered!().read.length === 0) await pause(5)
    await server.terminate()
    if (argument === 'comes') {
      await serve('serve')
      raw.wake(start, page) // what the dead had read comes again
    }
    const [seen] = (await once(toucher, 'message')) as [unknown]
    return { seen, failed: failures() }
  },

  async stopped() {
    await serve('end-of-pause')
    return { seen: touch(0), failed: failures() }
  },

  async quiet() {
    await serve('serve')
    touch(0)
    const [before, began] = [switches(), performance.now()]
    for (let index = 1; index < PAGES; index++) if (touch(index) !== (index + 1) % 256) throw new Error(`page ${index}`)
    return { switches: switches() - before, took: performance.now() - began }
  },

  // The page is there; what waits is the first write to it.
  async write() {
    writeSync(file.fd, new Uint8Array([9]), 0, 1, 0)
    raw.continue(start, page, 2)
    const anonymous = thisProcess().mapMut({ length: page })
    anonymous.write(0, new Uint8Array([8]))
    raw.register(anonymous.start, page, UFFD_MODE.WP)
    raw.writeprotect(anonymous.start, page, 1)
    await serve('mute')
    const before = touch(0)
    const shared = said(() => mapping.write(0, new Uint8Array([7])))
    const own = said(() => anonymous.write(0, new Uint8Array([6])))
    return { before, shared, own, held: anonymous.read(0, new Uint8Array(1))[0], failed: failures().length }
  },
}

console.log(JSON.stringify(await answers[scenario]!()))
process.exit()

async function serve(ending: Ending, keepWaiting = false): Promise<Worker> {
  const workerData: WardenServerData = {
    descriptor: raw.clone().intoDescriptor(),
    file: file.fd,
    start: Number(start),
    ending,
    keepWaiting,
    bell,
  }
  const worker = new Worker(new URL('./warden-server.js', import.meta.url), { workerData })
  await once(worker, 'message')
  return worker
}

/** Another thread touches a page, and will send what it saw. */
async function touchElsewhere(index: number): Promise<Worker> {
  const toucher = new Worker(new URL('./act.js', import.meta.url))
  await once(toucher, 'message')
  toucher.postMessage({ do: 'touch', address: start + BigInt(index * page) })
  return toucher
}

async function answerOf(server: Worker): Promise<number> {
  const answer = once(server, 'message')
  server.postMessage('answer')
  const [{ code }] = (await answer) as [{ code: number }]
  return code
}

function touch(index: number): number | string {
  return said(() => mapping.access((bytes) => bytes[index * page]!)) as number | string
}

function said(access: () => unknown): unknown {
  try {
    return access()
  } catch (error) {
    return error instanceof MemoryFault ? `${error.access} ${error.reason}` : String(error)
  }
}

function timed<T>(body: () => T): { seen: T; took: number } {
  const began = performance.now()
  return { seen: body(), took: performance.now() - began }
}

/** The pages that were failed, as `page reason`. */
function failures(): string[] {
  const other = raw.clone()
  const failed = other.takeFailed!().map(({ address, reason }) => `${(address - start) / BigInt(page)} ${reason}`)
  other.close()
  return failed
}

/** How often the deadline thread has slept. */
function switches(): number {
  for (const task of readdirSync('/proc/self/task')) {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'latin1')
    if (status.startsWith('Name:\tvmarea-deadline'))
      return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)![1])
  }
  throw new Error('there is no deadline thread')
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
