import { type FileHandle, open } from 'node:fs/promises'
import type { RawGuestMemory } from '../../kernel/guest-host.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { missingRight } from '../proc/open-proc-file.js'
import { errnoOf } from './errno-of.js'
import { withGuestPagemap } from './guest-pagemap.js'

const { EIO } = ERRNO_RESULT

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
    throw new VmError('ESRCH', 'read', { path: `/proc/${this.#pid}/mem`, hint: `process ${this.#pid} has ended` })
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
