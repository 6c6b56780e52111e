import { closeSync, constants, fstatSync, ftruncateSync, openSync, statfsSync } from 'node:fs'
import type { FileCalls, FileStatus } from '../kernel/file-calls.js'
import { fileCallError } from '../vocabulary/errors/file-call-error.js'
import { addon } from './addon/addon.js'
import { check } from './addon/check.js'
import { closeDescriptor } from './addon/close-descriptor.js'

const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, HUGETLB: 4, NOEXEC_SEAL: 8, EXEC: 16, HUGE_SHIFT: 26 } as const

const openFlags = {
  read: constants.O_RDONLY,
  write: constants.O_WRONLY,
  'read-write': constants.O_RDWR,
} as const

const sealHints: Record<number, string> = {
  [-1]: 'the file can take no more seals: it was made without any, or sealed against them',
  [-16]: "a shared mapping can still write to it: unmap that, or seal 'future-write'",
}

/** What this thread has opened through Node. The addon opens the others, and closes them: `closeDescriptor`. */
const openedByNode = new Set<number>()

/** This process's files. */
export class LinuxFiles implements FileCalls {
  open(path: string, access: 'read' | 'write' | 'read-write'): number {
    try {
      // NONBLOCK: opening a named pipe must not wait for its other end; the file is refused afterwards.
      const descriptor = openSync(path, openFlags[access] | constants.O_NONBLOCK)
      openedByNode.add(descriptor)
      return descriptor
    } catch (error) {
      throw fileCallError(error, 'open', path)
    }
  }

  close(descriptor: number): void {
    if (openedByNode.delete(descriptor)) closeSync(descriptor)
    else closeDescriptor(descriptor)
  }

  fstat(descriptor: number): FileStatus {
    const access = check(addon().getStatusFlags(descriptor), 'fstat', { hint: `descriptor ${descriptor}` }) & 3
    const status = fstatSync(descriptor, { bigint: true })
    return {
      size: Number(status.size),
      kind: status.isFile()
        ? 'file'
        : status.isDirectory()
          ? 'directory'
          : status.isCharacterDevice() || status.isBlockDevice()
            ? 'device'
            : 'other',
      device: status.dev,
      inode: status.ino,
      readable: access !== constants.O_WRONLY,
      writable: access !== constants.O_RDONLY,
      ...(isOfHugePages(descriptor, status.blksize) ? { pageSize: Number(status.blksize) } : {}),
      ...(status.isFile() && status.size === 0n && madeAsRead(descriptor) ? { sizeUnknown: true } : {}),
    }
  }

  ftruncate(descriptor: number, length: number): void {
    try {
      ftruncateSync(descriptor, length)
    } catch (error) {
      throw fileCallError(error, 'ftruncate')
    }
  }

  async allocate(descriptor: number, offset: number, length: number): Promise<void> {
    check(await addon().allocateFileAsync(descriptor, offset, length), 'fallocate', { length })
  }

  freeBytes(descriptor: number): number | undefined {
    try {
      const { bavail, bsize, type } = statfsSync(`/proc/self/fd/${descriptor}`, { bigint: true })
      // A memory file has the room of its machine, of which statfs says nothing.
      return type === TMPFS_MAGIC && bavail === 0n && bsize === 0n ? undefined : Number(bavail * bsize)
    } catch {
      return undefined
    }
  }

  /** Removes the file's pages in `[offset, offset + length)`, also from every mapping: fallocate(2). */
  punchHole(descriptor: number, offset: number, length: number): void {
    check(addon().punchHole(descriptor, offset, length), 'fallocate', { length })
  }

  /** How many bytes of the file are allocated, in memory or on a disk. */
  bytesInMemory(descriptor: number): number {
    return fstatSync(descriptor).blocks * 512
  }

  memfdCreate(name: string, options: { sealable: boolean; hugePageSize?: number }): number {
    let flags = MFD.CLOEXEC | (options.sealable ? MFD.ALLOW_SEALING : 0)
    if (options.hugePageSize !== undefined) {
      flags |= MFD.HUGETLB | (Math.log2(options.hugePageSize) << MFD.HUGE_SHIFT)
    }
    return check(addon().memfdCreate(name, flags), 'memfd_create')
  }

  addSeals(descriptor: number, seals: number): void {
    const answer = addon().addSeals(descriptor, seals)
    const hint = sealHints[answer]
    check(answer, 'fcntl', hint === undefined ? {} : { hint })
  }

  seals(descriptor: number): number {
    return check(addon().getSeals(descriptor), 'fcntl')
  }
}

const TMPFS_MAGIC = 0x01021994n
const HUGETLBFS_MAGIC = 0x958458f6n
const SMALLEST_HUGE_PAGE = 65536n

/** proc, sysfs, debugfs, tracefs, securityfs, configfs, cgroup: their files have no bytes until they are read. */
const MADE_AS_READ: ReadonlySet<bigint> = new Set([
  0x9fa0n,
  0x62656572n,
  0x64626720n,
  0x74726163n,
  0x73636673n,
  0x62656570n,
  0x27e0ebn,
  0x63677270n,
])

function madeAsRead(descriptor: number): boolean {
  const type = fileSystemOf(descriptor)
  return type !== undefined && MADE_AS_READ.has(type)
}

/** The magic number of the file system; `undefined` where it can't be read. */
function fileSystemOf(descriptor: number): bigint | undefined {
  try {
    return BigInt.asUintN(32, statfsSync(`/proc/self/fd/${descriptor}`, { bigint: true }).type)
  } catch {
    return undefined
  }
}

// Every other file system reports a block size below that of a huge page, or is queried.
function isOfHugePages(descriptor: number, blockSize: bigint): boolean {
  if (blockSize < SMALLEST_HUGE_PAGE) return false
  return fileSystemOf(descriptor) === HUGETLBFS_MAGIC
}
