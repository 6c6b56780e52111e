import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { thisProcess } from '../../this-process.js'
import { bindUserfaultfd } from '../../userfaultfd/bind-userfaultfd.js'
import type { UserfaultfdWay } from '../../userfaultfd/userfaultfd-options.js'

/** What came of it. */
export interface ServedFault {
  /** How the userfaultfd was opened. */
  readonly way: UserfaultfdWay
  /** Where the memory begins, and which of its pages was touched. */
  readonly start: bigint
  readonly page: number
  readonly pages: number
  /** The text that the page held when the access returned. */
  readonly text: string
  /** Microseconds that the first access waited, and one that found the page there. */
  readonly first: number
  readonly again: number
  /** Pages that are in memory now. */
  readonly resident: number
}

const PAGES = 64
const TOUCHED = 42

/**
 * Serves a page from TypeScript: a Worker answers the fault, while this thread waits in a plain `bytes[i]`.
 * Throws `VmError` where userfaultfd is refused.
 */
export async function serveAFault(): Promise<ServedFault> {
  const process = thisProcess()
  const { pageSize } = process
  const uffd = bindUserfaultfd(() => process.kernel).create()
  const memory = process.mapMut({ length: PAGES * pageSize })
  uffd.register(memory.start, memory.size)
  const worker = new Worker(new URL('./serve-a-fault-worker.js', import.meta.url), {
    execArgv: [],
    workerData: { descriptor: uffd.tryClone().intoRawDescriptor(), start: Number(memory.start) },
  })
  try {
    await once(worker, 'message')
    const { bytes } = memory
    const at = TOUCHED * pageSize
    const before = performance.now()
    const letter = bytes[at]!
    const first = performance.now() - before
    const found = performance.now()
    const same = bytes[at]!
    const again = performance.now() - found
    const text = new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)))
    if (letter !== same || text.charCodeAt(0) !== letter) throw new Error('the page changed between two reads')
    const resident = memory.resident().reduce((sum, byte) => sum + (byte & 1), 0)
    return {
      way: uffd.way!,
      start: memory.start,
      page: TOUCHED,
      pages: PAGES,
      text,
      first: first * 1000,
      again: again * 1000,
      resident,
    }
  } finally {
    worker.postMessage('end')
    await once(worker, 'exit')
    uffd.close({ missing: 'zero' })
    memory.unmap()
  }
}
