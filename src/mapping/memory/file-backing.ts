import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Kernel } from '../../kernel/kernel.js'
import { SEAL } from '../../vocabulary/seal.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Backing, BackingSource } from './backing.js'
import type { MappableFile } from './mmap-options.js'
import { type OpenFile, openFile } from './open-file.js'
import { withoutServer } from './without-server.js'

interface KnownFile extends Pick<OpenFile, 'source'> {
  readonly device: bigint
  readonly inode: bigint
}

/** The bytes of a file. */
export class FileBacking implements Backing {
  readonly shared: boolean
  readonly decommits: 'drop' | 'leave'
  readonly #kernel: Kernel
  readonly #file: KnownFile
  readonly #offset: number

  private constructor(kernel: Kernel, file: KnownFile, offset: number, shared: boolean) {
    this.#kernel = kernel
    this.#file = file
    this.#offset = offset
    this.shared = shared
    this.decommits = shared ? 'leave' : 'drop'
  }

  /** Opens the path that the caller named, or uses the descriptor that the caller opened. */
  static open(kernel: Kernel, file: MappableFile, access: 'read' | 'read-write'): BackingSource {
    const opened = openFile(kernel, file, access)
    const { descriptor, status, source } = opened
    const name = typeof source === 'string' ? source : `descriptor ${source}`
    return {
      name: 'file',
      size: status.kind === 'file' && !status.sizeUnknown ? status.size : undefined,
      ...(status.sizeUnknown
        ? {
            whyNoSize: `${name} has no size: the kernel makes its bytes when they are read, and has no pages to map`,
          }
        : {}),
      pageSize: status.pageSize,
      map: ({ address, length, protection, flags, offset, pageSize }) => {
        try {
          return kernel.regions.mapRegion(address, length, protection, flags, descriptor, offset, pageSize)
        } catch (error) {
          throw explainRefusal(error, source, () => kernel.files.seals(descriptor))
        }
      },
      backing: (offset, shared) =>
        new FileBacking(kernel, { device: status.device, inode: status.inode, source }, offset, shared),
      [Symbol.dispose]: () => opened[Symbol.dispose](),
    }
  }

  get file(): string {
    return `${this.#file.device}:${this.#file.inode}`
  }

  from(bytes: number): FileBacking {
    return new FileBacking(this.#kernel, this.#file, this.#offset + bytes, this.shared)
  }

  continuesIn(next: Backing): false | undefined {
    return next instanceof FileBacking ? undefined : false
  }

  /** The processor can't tell a page past the end of a file from a page that could not be read. The file's size can. */
  explain(fault: FaultRecord, offset: number, pageSize: number): FaultRecord {
    if (fault.reason !== 'past-end-of-file') return withoutServer(fault)
    const { size, free } = this.#stateNow()
    const inFile = size !== undefined && Math.floor((this.#offset + offset) / pageSize) * pageSize < size
    if (!inFile) return fault
    if (free === undefined || free >= pageSize) return { ...fault, reason: 'io' }
    return {
      ...fault,
      reason: 'io',
      why: `the file system of ${this.describe()} is full: allocate() says so before a write`,
    }
  }

  whyNotAllowed(): string | undefined {
    if (!this.shared) return undefined
    if (((this.#stateNow().seals ?? 0) & AGAINST_WRITING) !== 0) {
      return 'the file is sealed against writing, which nothing takes back: copy it, or map it without shared: true'
    }
    return 'the file is not open for writing: map it with writable: true'
  }

  reopen(): Disposable & { readonly descriptor: number; readonly offset: number } {
    const { source, device, inode } = this.#file
    const opened = openFile(this.#kernel, source, 'read-write')
    if (opened.status.device === device && opened.status.inode === inode) {
      const close = () => opened[Symbol.dispose]()
      return { descriptor: opened.descriptor, offset: this.#offset, [Symbol.dispose]: close }
    }
    opened[Symbol.dispose]()
    throw new UsageError(
      'ERR_VMAREA_NO_FILE',
      `${this.describe()} is not the file that was mapped any more: keep its name, or its descriptor open`,
    )
  }

  describe(): string {
    const { source } = this.#file
    return `${typeof source === 'number' ? `descriptor ${source}` : `'${source}'`} at ${this.#offset}`
  }

  /** Nothing where the path or descriptor no longer leads to this file. */
  #stateNow(): { readonly size?: number; readonly free?: number | undefined; readonly seals?: number } {
    const { files } = this.#kernel
    try {
      using opened = openFile(this.#kernel, this.#file.source, 'read')
      const { size, device, inode } = opened.status
      if (device !== this.#file.device || inode !== this.#file.inode) return {}
      const { descriptor } = opened
      return { size, free: files.freeBytes(descriptor), seals: sealsOr0(() => files.seals(descriptor)) }
    } catch {
      return {}
    }
  }
}

const AGAINST_WRITING = SEAL.WRITE | SEAL.FUTURE_WRITE

/** Adds to the kernel's refusal to map a file what it is about: the file's name, or its seals. */
function explainRefusal(error: unknown, source: string | number, seals: () => number): unknown {
  if (!(error instanceof VmError)) return error
  if (error.code === 'EPERM' && (sealsOr0(seals) & AGAINST_WRITING) !== 0) {
    return VmError.withHint(
      error,
      "the file is sealed against writing: map it without writable: true, and before Linux 6.7 without shared: true ('future-write' lets it be shared to be read)",
    )
  }
  if (error.code !== 'ENODEV' && error.code !== 'EIO') return error
  const { errno, syscall, length } = error
  const name = typeof source === 'string' ? 'this file' : `descriptor ${source}`
  return new VmError(errno, syscall, {
    ...(typeof source === 'string' ? { path: source } : {}),
    ...(length === undefined ? {} : { length }),
    hint: `the file system of ${name} can't map it`,
    cause: error,
  })
}

/** Most files have no seals, and say so by an error. */
function sealsOr0(seals: () => number): number {
  try {
    return seals()
  } catch {
    return 0
  }
}
