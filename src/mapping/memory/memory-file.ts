import type { Kernel } from '../../kernel/kernel.js'
import { belongsToItsThread } from '../../vocabulary/errors/belongs-to-its-thread.js'
import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { SEAL, type Seal } from '../../vocabulary/seal.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'

/** The size and the seals of a memory file, and the pages that it is made of. */
export interface MemoryFileOptions {
  /** Bytes. Default 0; `truncate` sets it later. */
  readonly size?: number
  /**
   * Seals to set once the size is set. Without this member the file can't be sealed, ever; with `[]` it can be sealed later.
   */
  readonly seals?: readonly Seal[]
  /**
   * The size in bytes of its pages, which must be a size of huge page that the machine has. Default: pages of the base size.
   */
  readonly hugePages?: number
}

// NAME_MAX without the kernel's own "memfd:".
const LONGEST_NAME = 249

const bits: Record<Seal, number> = {
  seal: SEAL.SEAL,
  shrink: SEAL.SHRINK,
  grow: SEAL.GROW,
  write: SEAL.WRITE,
  'future-write': SEAL.FUTURE_WRITE,
  exec: SEAL.EXEC,
}

const rules: OptionRules<MemoryFileOptions> = {
  size: 'any',
  seals: { each: `one of ${Object.keys(bits).join(', ')}`, element: isSeal },
  hugePages: 'any',
}

/**
 * An anonymous file in memory, which mappings of any process can share: memfd_create(2).
 *
 * Its seals can't be removed: a program that does not trust the file's maker can map a file that is sealed against `'shrink'` without
 * faults past its end.
 *
 * ```ts
 * using file = memfd('frames', { size: 1 << 20, seals: ['shrink', 'grow'] })
 * const frames = mapMut({ file, shared: true })
 * ```
 *
 * @throws UsageError `ERR_VMAREA_UNMAPPED` from every member once it is closed
 */
export class MemoryFile implements Disposable {
  readonly #kernel: Kernel
  #descriptor: number
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** @internal use `memfd` */
  constructor(kernel: Kernel, name: string, options: MemoryFileOptions) {
    checkName(name)
    const { size = 0, seals, hugePages } = checkOptions('memfd()', options, rules)
    checkSize(size)
    if (hugePages !== undefined && kernel.pageSizes().indexOf(hugePages) <= 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `hugePages is ${showValue(hugePages)}, and this machine has pages of ${kernel.pageSizes().join(' or ')} bytes, the first not huge`,
      )
    }
    const mask = maskOf(seals ?? [])
    this.#kernel = kernel
    this.#descriptor = kernel.files.memfdCreate(name, {
      sealable: seals !== undefined,
      ...(hugePages === undefined ? {} : { hugePageSize: hugePages }),
    })
    try {
      if (size > 0) kernel.files.ftruncate(this.#descriptor, size)
      if (mask !== 0) kernel.files.addSeals(this.#descriptor, mask)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The file descriptor, for calls that take one. Do not close it: this object does. */
  get fd(): number {
    if (this.#descriptor < 0) throw new UsageError('ERR_VMAREA_UNMAPPED', 'the memory file was closed')
    return this.#descriptor
  }

  /** The length of the file in bytes: fstat(2). */
  get size(): number {
    return this.#kernel.files.fstat(this.fd).size
  }

  /**
   * Sets the length of the file in bytes: ftruncate(2). New bytes are zero. Mappings fault on pages past the new end.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where `size` is no whole number from 0 on
   * @throws VmError `EPERM` where a seal forbids it, `EINVAL` where huge pages do not divide `size`
   */
  truncate(size: number): void {
    checkSize(size)
    const before = this.size
    try {
      this.#kernel.files.ftruncate(this.fd, size)
    } catch (error) {
      const seal = size < before ? 'shrink' : 'grow'
      if (!(error instanceof VmError) || error.code !== 'EPERM' || !this.seals.includes(seal)) throw error
      throw VmError.withHint(error, `the file is sealed: '${seal}', has ${before} bytes and can't have ${size}`)
    }
  }

  /** The seals that are set: fcntl(2) with `F_GET_SEALS`. */
  get seals(): readonly Seal[] {
    const mask = this.#kernel.files.seals(this.fd)
    return (Object.keys(bits) as Seal[]).filter((seal) => (mask & bits[seal]) !== 0)
  }

  /**
   * Adds seals, irreversibly: fcntl(2) with `F_ADD_SEALS`.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for a seal that does not exist
   * @throws VmError `EBUSY` for `'write'` while a writable shared mapping exists; `EPERM` where the file was made
   * without `seals` or is sealed against it
   */
  addSeals(...seals: readonly Seal[]): void {
    this.#kernel.files.addSeals(this.fd, maskOf(seals))
  }

  /** Closes the descriptor. Mappings keep the memory. A second call does nothing. */
  close(): void {
    if (this.#descriptor < 0) return
    this.#kernel.files.close(this.#descriptor)
    this.#descriptor = -1
  }

  /** Calls `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

function checkSize(size: number): void {
  if (Number.isSafeInteger(size) && size >= 0) return
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `size must be a whole number of bytes from 0 on, and is ${showValue(size)}`,
  )
}

function checkName(name: string): void {
  if (typeof name === 'string' && !name.includes('\0') && new TextEncoder().encode(name).length <= LONGEST_NAME) return
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `name must be a string of at most ${LONGEST_NAME} bytes without zero bytes, and is ${showValue(name)}`,
  )
}

function maskOf(seals: readonly Seal[]): number {
  return seals.reduce((mask, seal) => {
    if (!isSeal(seal)) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `seals must be among ${Object.keys(bits).join(', ')}, and one is ${showValue(seal)}`,
      )
    }
    return mask | bits[seal]
  }, 0)
}

function isSeal(value: unknown): value is Seal {
  return typeof value === 'string' && Object.hasOwn(bits, value)
}
