import type { ModelKernel } from '../../model/kernel/model-kernel.js'
import type { ViewArea } from '../data/view-area.js'
import type { WirePages } from '../data/wire-pages.js'
import type { Outcome } from './outcome.js'

/** The memory system calls that a program may make. */
export type PlaySystemCalls = Pick<
  ModelKernel['calls'],
  'mmap' | 'munmap' | 'mprotect' | 'mremap' | 'madvise' | 'mlock' | 'munlock' | 'mlockall' | 'munlockall' | 'mseal'
>

/** What a process's memory is at one moment. */
export interface Memory {
  readonly areas: readonly ViewArea[]
  readonly pages: WirePages
}

/** A read, a write or a jump of a program. */
export type PlayAccess = 'load' | 'store' | 'jump'

/** What an access ended in. `again` is there where it waits for a userfaultfd: it makes the access once more. */
export interface Touched {
  readonly outcome: Outcome
  readonly again?: () => Touched
}

/** A userfaultfd of a program. Calls answer with a result or a negative error number. */
export interface PlayUserfaultfd {
  register(start: number, length: number, mode: number): number
  unregister(start: number, length: number): number
  copy(start: number, byte: number, mode: number): number
  zeropage(start: number, length: number): number
  poison(start: number, length: number): number
  writeprotect(start: number, length: number, mode: number): number
  /** A message into `message`, or `-EAGAIN`. */
  read(message: Uint8Array): number
  close(): void
}

/** A process of the playground, on the modelled or on the running kernel. Calls throw `VmError`. */
export interface PlayProcess {
  readonly name: string
  readonly pageSize: number
  readonly calls: PlaySystemCalls
  memfdCreate(name: string): number
  /** The device whose driver inserts pages into a mixed map. */
  openMixedMapDevice(): number
  ftruncate(descriptor: number, length: number): void
  /** Writes one byte. Answers the bytes, or a negative error number. */
  pwrite(descriptor: number, byte: number, offset: number): number
  close(descriptor: number): void
  userfaultfd(): PlayUserfaultfd
  touch(access: PlayAccess, address: number, byte: number): Touched
  fork(name: string): PlayProcess
  look(): Memory
}
