// The thread that serves ends in some way while another waits in a plain access: that access must fail, not wait and not be zero.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { MmapMut } from '#vmarea/mapping/handle/mmap-mut.js'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { until } from '../../support/until.js'
import { kernel, page } from '../memory.js'
import { filled, startServer } from './start-server.js'

const PAGES = 8
/** Kept, so that the collector does not unmap the memory that a later answer goes to. */
const touched: MmapMut[] = []

if (isMainThread) {
  const how = process.argv[2]
  const uffd = bindUserfaultfd(() => kernel).create()
  if (how === 'throws') {
    const server = await startServer(uffd, { throwAt: 2 })
    const failed = once(server, 'error')
    const seen = touch(uffd)
    await failed
    console.log(JSON.stringify({ seen, mended: mend(uffd, seen.start) }))
  } else {
    // The reader waits on a thread of its own; the server has read its fault, and is terminated.
    const server = await startServer(
      uffd,
      how === 'terminated' ? { mute: true } : { mute: true, whenServerEnds: 'wait' },
    )
    const reader = new Worker(new URL(import.meta.url), { workerData: uffd.tryClone().intoRawDescriptor() })
    const answer = once(reader, 'message')
    await until('the server has read the fault', () => uffd.unanswered().read.length > 0)
    await server.terminate()
    if (how === 'waits') {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const left = uffd.unanswered()
      for (const { address } of left.read) uffd.copy(address, page, new Uint8Array(page).fill(filled(address)))
      await startServer(uffd).then((next) => next.unref())
    }
    const [seen] = await answer
    console.log(JSON.stringify({ seen }))
    process.exit()
  }
} else {
  parentPort!.postMessage(touch(bindUserfaultfd(() => kernel).fromRawDescriptor(workerData as number)))
}

interface Seen {
  start: string
  /** The byte of each page, or why it could not be had. */
  pages: (number | string)[]
  right: boolean
}

function touch(uffd: Userfaultfd): Seen {
  const mapping = thisProcess().mapMut({ length: PAGES * page })
  touched.push(mapping)
  uffd.register(mapping.start, mapping.size)
  const pages = Array.from({ length: PAGES }, (_, index) => {
    try {
      return mapping.access((bytes) => bytes[index * page]!)
    } catch (error) {
      return error instanceof MemoryFault ? error.reason : String(error)
    }
  })
  const right = pages.every(
    (byte, index) => typeof byte === 'string' || byte === filled(mapping.start + BigInt(index * page)),
  )
  return { start: String(mapping.start), pages, right }
}

/** A later answer mends a poisoned page. */
function mend(uffd: Userfaultfd, start: string): number {
  return uffd.copy(BigInt(start) + BigInt(5 * page), page, new Uint8Array(page).fill(9))
}
