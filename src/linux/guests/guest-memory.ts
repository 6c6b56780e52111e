import { type FileHandle, open } from 'node:fs/promises'
import type { RawGuestMemory } from '../../kernel/guest-host.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VM } from '../../vocabulary/vm.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { missingRight } from '../proc/open-proc-file.js'
import { readSmaps } from '../proc/read-smaps.js'
import { errnoOf } from './errno-of.js'
import { withGuestPagemap } from './guest-pagemap.js'

const { EIO } = ERRNO_RESULT
const SERVED = VM.UFFD_MISSING | VM.UFFD_WP | VM.UFFD_MINOR

/** The memory of a guest's process, read through /proc/PID/mem. */
export class GuestMemory implements RawGuestMemory {
  readonly #pid: number
  readonly #handle: FileHandle

  private constructor(pid: number, handle: FileHandle) {
    this.#pid = pid
    this.#handle = handle
  }

  static async open(pid: number): Promise<GuestMemory> {
    const path = `/proc/${pid}/mem`
    try {
      return new GuestMemory(pid, await open(path, 'r'))
    } catch (cause) {
      const errno = errnoOf(cause)
      throw errno === undefined ? cause : new VmError(errno, 'open', { path, hint: missingRight(pid), cause })
    }
  }

  present(start: number, end: number): (readonly [start: number, end: number])[] {
    return withGuestPagemap(this.#pid, (pagemap) => pagemap.present(start, end))
  }

  async read(start: number, target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length; ) {
      done += await this.#readSome(start + done, target.subarray(done))
    }
  }

  served(): (readonly [start: number, end: number])[] {
    const table = readSmaps(this.#pid)
    const { maps } = table
    if (maps.count === 0) throw ended('smaps', this.#pid)
    const ranges: (readonly [start: number, end: number])[] = []
    for (let row = 0; row < maps.count; row++) {
      if ((table.flags(row) & SERVED) !== 0n) ranges.push([Number(maps.start(row)), Number(maps.end(row))])
    }
    return ranges
  }

  async #readSome(start: number, target: Uint8Array): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(target, 0, target.length, start)
      if (bytesRead > 0) return bytesRead
    } catch (error) {
      if (errnoOf(error) !== EIO) throw error
      // A missing page that is write-protected holds a mark and looks swapped out. This call waits until the page is served.
      const { pageSize } = addon()
      const part = target.subarray(0, Math.min(target.length, pageSize - (start % pageSize)))
      const count = addon().processVmReadv(this.#pid, BigInt(start), part)
      if (count > 0) return count
      if (count < 0) throw new VmError(count, 'process_vm_readv', { address: BigInt(start), length: part.length })
    }
    throw ended('mem', this.#pid)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

function ended(file: string, pid: number): VmError {
  return new VmError('ESRCH', 'read', { path: `/proc/${pid}/${file}`, hint: `process ${pid} has ended` })
}
