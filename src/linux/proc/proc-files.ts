import { closeSync } from 'node:fs'
import { UsageError } from '../../vocabulary/usage-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { openProcFile } from './open-proc-file.js'

/** The error for a process whose files have no text any more. */
export const PROCESS_GONE = 'the process has ended or runs another program now'

/** The descriptors behind one address space: `maps` from the start, each other one from its first use. */
export class ProcFiles {
  readonly pid: number | 'self'
  /** -1 when they have been closed. */
  maps: number
  readonly #descriptors = new Map<string, number>()
  #pidfd = -1

  constructor(pid: number | 'self') {
    this.pid = pid
    this.maps = 0
    this.maps = this.open('maps')
  }

  path(name: string): string {
    return `/proc/${this.pid}/${name}`
  }

  open(name: 'maps' | 'smaps' | 'pagemap'): number {
    return this.#remember(name, () => openProcFile(this.pid, name))
  }

  openPid(pid: number): number {
    this.#refuseClosed()
    if (this.#pidfd < 0) this.#pidfd = check(addon().pidfdOpen(pid), 'pidfd_open')
    return this.#pidfd
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor)
    this.#descriptors.clear()
    if (this.#pidfd >= 0) closeDescriptor(this.#pidfd)
    this.#pidfd = -1
    this.maps = -1
  }

  #remember(name: string, open: () => number): number {
    this.#refuseClosed()
    let descriptor = this.#descriptors.get(name)
    if (descriptor === undefined) {
      descriptor = open()
      this.#descriptors.set(name, descriptor)
    }
    return descriptor
  }

  #refuseClosed(): void {
    if (this.maps !== -1) return
    throw new UsageError('ERR_VMAREA_GUARD_RELEASED', `the address space of process ${this.pid} was disposed of`)
  }
}
