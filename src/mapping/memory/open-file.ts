import type { FileStatus } from '../../kernel/file-calls.js'
import type { Kernel } from '../../kernel/kernel.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { MappableFile } from './mmap-options.js'

/** A file that is open until a mapping is made. */
export interface OpenFile extends Disposable {
  readonly descriptor: number
  readonly status: FileStatus
  /** The path, or the caller's descriptor. */
  readonly source: string | number
}

/** Opens the path that the caller named, or uses the descriptor that the caller opened, and throws where it can't be mapped. */
export function openFile(kernel: Kernel, file: MappableFile, access: 'read' | 'read-write'): OpenFile {
  const source = sourceOf(file)
  const borrowed = typeof source === 'number'
  const descriptor = borrowed ? source : kernel.files.open(source, access)
  const close = () => {
    if (!borrowed) kernel.files.close(descriptor)
  }
  try {
    const status = kernel.files.fstat(descriptor)
    refuseUnmappable(status, source)
    return { descriptor, status, source, [Symbol.dispose]: close }
  } catch (error) {
    close()
    throw error
  }
}

function sourceOf(file: MappableFile): string | number {
  if (typeof file === 'string') return checkedPath(file)
  if (typeof file === 'number') return checkedDescriptor(file)
  if (file instanceof URL) return checkedPath(pathOf(file))
  if (typeof file === 'object' && file !== null && typeof file.fd === 'number') return checkedDescriptor(file.fd)
  if (ArrayBuffer.isView(file)) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `file is a ${file.constructor.name}: a path must be a string: for a name of other bytes, open the file with fs.openSync and give its descriptor`,
    )
  }
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `file must be a path, a file URL, a descriptor, a FileHandle or a MemoryFile, and is ${showValue(file)}`,
  )
}

function pathOf(url: URL): string {
  if (url.protocol !== 'file:' || url.hostname !== '') {
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `file must be a file URL without a host, and is ${url.href}`)
  }
  if (/%2f/i.test(url.pathname)) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `file must be a URL without %2F in its path, and is ${url.href}`,
    )
  }
  try {
    return decodeURIComponent(url.pathname)
  } catch (cause) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `file must be a URL whose path is UTF-8, and is ${url.href}: for a name of other bytes, open the file with fs.openSync and give its descriptor`,
      { cause },
    )
  }
}

function checkedPath(path: string): string {
  if (!path.includes('\0')) return path
  throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `file must be without zero bytes, and is ${JSON.stringify(path)}`)
}

function checkedDescriptor(descriptor: number): number {
  if (Number.isInteger(descriptor) && descriptor >= 0 && descriptor < 2 ** 31) return descriptor
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `file must be an open descriptor, and is ${showValue(descriptor)}`,
  )
}

function refuseUnmappable({ kind, readable }: FileStatus, source: string | number): void {
  const detail = typeof source === 'string' ? { path: source } : {}
  const name = typeof source === 'string' ? 'it' : `descriptor ${source}`
  if (kind === 'directory') throw new VmError('EISDIR', 'mmap', detail)
  if (kind === 'other') {
    throw new VmError('ENODEV', 'mmap', {
      ...detail,
      hint: `${name} is a pipe, a socket or the like, which has no pages`,
    })
  }
  if (!readable) {
    throw new VmError('EACCES', 'mmap', {
      ...detail,
      hint: `${name} is open for writing only: open it for reading too, which every mapping requires`,
    })
  }
}
