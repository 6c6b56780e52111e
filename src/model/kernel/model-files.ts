import type { FileCalls, FileStatus } from '../../kernel/file-calls.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addSeals } from '../files/add-seals.js'
import { allocateFile } from '../files/allocate-file.js'
import { truncate } from '../files/truncate.js'
import { Inode } from '../structs/inode.js'
import type { Machine } from '../structs/machine.js'
import { OpenFile } from '../structs/open-file.js'

/** The descriptors of one modelled process. Paths name files of its machine. */
export class ModelFiles implements FileCalls {
  readonly #machine: Machine
  readonly #open: Map<number, OpenFile>

  constructor(machine: Machine, inherited: ReadonlyMap<number, OpenFile> = new Map()) {
    this.#machine = machine
    this.#open = new Map(inherited)
    for (const file of this.#open.values()) file.get()
  }

  /** The open file of a descriptor. */
  get(descriptor: number): OpenFile | undefined {
    return this.#open.get(descriptor)
  }

  /** `fork`: a child's table shares the open files. */
  fork(): ModelFiles {
    return new ModelFiles(this.#machine, this.#open)
  }

  /** Assigns the lowest free descriptor to an open file. */
  install(file: OpenFile): number {
    let descriptor = 3
    while (this.#open.has(descriptor)) descriptor++
    this.#open.set(descriptor, file)
    return descriptor
  }

  open(path: string, access: 'read' | 'write' | 'read-write'): number {
    const inode = this.#machine.files.get(path)
    if (inode === undefined) {
      throw new VmError('ENOENT', 'open', { path, hint: 'make the file with machine.writeFile first' })
    }
    return this.install(new OpenFile(inode, access !== 'write', access !== 'read'))
  }

  close(descriptor: number): void {
    this.#get(descriptor, 'close').put()
    this.#open.delete(descriptor)
  }

  closeAll(): void {
    for (const file of this.#open.values()) file.put()
    this.#open.clear()
  }

  fstat(descriptor: number): FileStatus {
    const { inode, readable, writable } = this.#get(descriptor, 'fstat')
    return {
      size: inode.size,
      kind: inode.kind === 'memory' ? 'file' : inode.kind,
      device: 1n,
      inode: BigInt(inode.number),
      readable,
      writable,
    }
  }

  ftruncate(descriptor: number, length: number): void {
    this.#check(truncate(this.#get(descriptor, 'ftruncate'), length), 'ftruncate')
  }

  async allocate(descriptor: number, offset: number, length: number): Promise<void> {
    this.#check(allocateFile(this.#get(descriptor, 'fallocate'), offset, length), 'fallocate')
  }

  freeBytes(): undefined {}

  memfdCreate(name: string, options: { sealable: boolean; hugePageSize?: number }): number {
    if (options.hugePageSize !== undefined) {
      throw new VmError('ENOSYS', 'memfd_create', { hint: 'the model leaves huge pages out' })
    }
    const inode = new Inode(this.#machine, 'memory', `/memfd:${name}`, true)
    // Without MFD_ALLOW_SEALING a memory file begins with F_SEAL_SEAL.
    if (!options.sealable) inode.seals = 1
    return this.install(new OpenFile(inode, true, true))
  }

  addSeals(descriptor: number, seals: number): void {
    this.#check(addSeals(this.#get(descriptor, 'fcntl'), seals), 'fcntl')
  }

  seals(descriptor: number): number {
    const { inode } = this.#get(descriptor, 'fcntl')
    if (inode.kind !== 'memory') throw new VmError('EINVAL', 'fcntl')
    return inode.seals
  }

  #get(descriptor: number, syscall: string): OpenFile {
    const file = this.#open.get(descriptor)
    if (file === undefined) throw new VmError('EBADF', syscall, { hint: `descriptor ${descriptor}` })
    return file
  }

  #check(result: number, syscall: string): void {
    if (result < 0) throw new VmError(result, syscall)
  }
}
