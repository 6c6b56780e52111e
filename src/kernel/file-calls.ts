/** What `fstat` returns of an open file, as far as a mapping requires it. */
export interface FileStatus {
  /** In bytes. */
  readonly size: number
  readonly kind: 'file' | 'directory' | 'device' | 'other'
  readonly device: bigint
  readonly inode: bigint
  /** May be read and written through this descriptor. */
  readonly readable: boolean
  readonly writable: boolean
  /** Bytes a page of the file's memory, where that is not the kernel's own: a file of huge pages. */
  readonly pageSize?: number
  /** Whether `size` is meaningless: the kernel makes the file's bytes when they are read, as under /proc. */
  readonly sizeUnknown?: true
}

/**
 * The calls on files that mapping requires. Descriptors are numbers in the process's table.
 *
 * On Linux they are the process's own descriptors, so that one from `fs.openSync` serves as well; the model has a table of its own.
 */
export interface FileCalls {
  /** open(2), with `O_CLOEXEC`. Returns the descriptor. */
  open(path: string, access: 'read' | 'write' | 'read-write'): number
  /** close(2) */
  close(descriptor: number): void
  /** fstat(2), with the access mode of fcntl(2) `F_GETFL` */
  fstat(descriptor: number): FileStatus
  /** ftruncate(2) */
  ftruncate(descriptor: number, length: number): void
  /** fallocate(2), off the event loop: room for `[offset, offset + length)`, to which the file grows */
  allocate(descriptor: number, offset: number, length: number): Promise<void>
  /** How many bytes the file system has room for, where it says */
  freeBytes(descriptor: number): number | undefined
  /** memfd_create(2): an anonymous file in memory. `sealable` is `MFD_ALLOW_SEALING`. Returns the descriptor. */
  memfdCreate(name: string, options: { sealable: boolean; hugePageSize?: number }): number
  /** fcntl(2) `F_ADD_SEALS`, a mask of `SEAL` */
  addSeals(descriptor: number, seals: number): void
  /** fcntl(2) `F_GET_SEALS` */
  seals(descriptor: number): number
}
