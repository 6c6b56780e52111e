import type { FileOperations } from '../../kernel/file-operations.js'
import type { Machine } from './machine.js'
import { Page } from './page.js'
import type { Vma } from './vma.js'

/** The kind of a file. Only `memory` (and what appears as it) and `device` can be mapped. */
export type InodeKind = 'memory' | 'file' | 'directory' | 'device' | 'other'

/** What an inode knows of the driver behind it: `Driver` in `hooks/`. */
export interface InodeDriver {
  readonly operations: FileOperations
  /** `f_ops->release` */
  release(): Promise<void>
}

/**
 * `struct inode` and its `address_space`: a file of the machine, whose content is its page cache.
 *
 * All files of the model live in memory, as on tmpfs.
 */
export class Inode {
  readonly machine: Machine
  readonly kind: InodeKind
  readonly number: number
  /** The name as `/proc/PID/maps` prints it, without `(deleted)`. */
  name: string
  unlinked: boolean
  /** In bytes. */
  size = 0
  /** The page cache, by page of the file. */
  readonly pages = new Map<number, Page>()
  /** `path_noexec`: on a file system whose files can't be executed, as pipes and sockets are. */
  noExec: boolean
  /** `F_SEAL_*` */
  seals = 0
  /** `i_mmap`: every VMA that maps it. */
  readonly mappings = new Set<Vma>()
  /** `i_mmap_writable`: how many of them are shared and may be written. */
  writableMappings = 0
  /** Pages charged against the machine's commit limit while the file exists. */
  charged = 0
  /** The driver of a device. */
  driver: InodeDriver | undefined = undefined
  /** The number of open files on it, each shared by descriptors and VMAs. */
  opened = 0

  constructor(machine: Machine, kind: InodeKind, name: string, unlinked: boolean) {
    this.machine = machine
    this.kind = kind
    this.number = machine.nextInode()
    this.name = name
    this.unlinked = unlinked
    this.noExec = kind === 'other'
  }

  /** A device's hooks. */
  get operations(): FileOperations | undefined {
    return this.driver?.operations
  }

  /** Whether the first write to a page of a shared area faults: for the `pageMkwrite` hook, or to write the page back. */
  get notesWrites(): boolean {
    return (this.operations?.pageMkwrite ?? this.operations?.writeback) !== undefined
  }

  /** The page at `index`, made if it is a hole. */
  page(index: number): Page {
    let page = this.pages.get(index)
    if (page === undefined) {
      page = new Page('file', this.machine.pageSize, 1)
      this.pages.set(index, page)
    }
    return page
  }

  /** Pages that the size covers. */
  get length(): number {
    return Math.ceil(this.size / this.machine.pageSize)
  }
}
