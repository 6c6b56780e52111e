import type { Area } from '../../kernel/area.js'
import type { RawPage } from '../../kernel/raw-page.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { VmaUsage } from '../../vocabulary/vma-usage.js'
import type { AreaReader } from './area-reader.js'
import type { AreaSource } from './listing.js'

/**
 * The running kernel's record of one VMA. Range, permissions, file and name are of one moment, and made from their source when they are
 * read; flags and usage are read at their first use, which throws if the area is no longer the same.
 *
 * One class for every source: the engine makes an object of a derived class in a call, and there may be tens of thousands of areas.
 */
export class LinuxArea implements Area {
  readonly addressSpace: AreaReader
  /** The bits of `PROT`, and 8 for a shared area. Read at once: each of the four permissions is made from it. */
  readonly permissions: number
  readonly #source: AreaSource
  readonly #row: number
  /** The details that were read since. An object of its own, because most areas have none. */
  #asked: { flags?: bigint; unknownFlagCodes?: readonly string[]; deleted?: boolean; rawName?: Uint8Array } | undefined

  constructor(addressSpace: AreaReader, source: AreaSource, row: number) {
    this.addressSpace = addressSpace
    this.permissions = source.table.permissions(row)
    this.#source = source
    this.#row = row
  }

  get start(): bigint {
    return this.#source.table.start(this.#row)
  }

  get end(): bigint {
    return this.#source.table.end(this.#row)
  }

  get offset(): bigint {
    return this.#source.table.offset(this.#row)
  }

  get deviceMajor(): number {
    return this.#source.table.deviceMajor(this.#row)
  }

  get deviceMinor(): number {
    return this.#source.table.deviceMinor(this.#row)
  }

  get inode(): bigint {
    return this.#source.table.inode(this.#row)
  }

  get pathBytes(): Uint8Array {
    const { table } = this.#source
    const name = table.name(this.#row)
    if (!table.isAmbiguous(name)) return name
    this.#asked ??= {}
    this.#asked.rawName ??= this.addressSpace.rawName(this, name)
    return this.#asked.rawName
  }

  get readable(): boolean {
    return (this.permissions & 1) !== 0
  }

  get writable(): boolean {
    return (this.permissions & 2) !== 0
  }

  get executable(): boolean {
    return (this.permissions & 4) !== 0
  }

  get shared(): boolean {
    return (this.permissions & 8) !== 0
  }

  get flags(): bigint {
    const { table } = this.#source.details
    if (table !== undefined) return this.addressSpace.flagsOf(this, table.flags(this.#row))
    return this.#asked?.flags ?? this.#readFlags()
  }

  get unknownFlagCodes(): readonly string[] {
    const { table } = this.#source.details
    if (table !== undefined) return table.unknownFlagCodes(this.#row)
    if (this.#asked?.unknownFlagCodes === undefined) this.#readFlags()
    return this.#asked!.unknownFlagCodes!
  }

  get deleted(): boolean {
    this.#asked ??= {}
    this.#asked.deleted ??= this.addressSpace.isDeleted(this)
    return this.#asked.deleted
  }

  usage(): VmaUsage {
    const { details } = this.#source
    return details.table === undefined ? details.fresh(this, this.#row).usage() : details.table.usage(this.#row)
  }

  changeFlags(): never {
    throw new UsageError(
      'ERR_VMAREA_HOOK_RETURNED',
      'the flags of an area can only be changed in the mmap hook of its device, before anyone can touch it',
    )
  }

  zap(address: bigint, size: number): void {
    this.addressSpace.zap(this, address, size)
  }

  insertPage(address: bigint, page: RawPage): void {
    this.addressSpace.insertPage(this, address, page)
  }

  #readFlags(): bigint {
    const details = this.#source.details.of(this, this.#row)
    this.#asked ??= {}
    this.#asked.unknownFlagCodes = details.unknownFlagCodes
    this.#asked.flags = this.addressSpace.flagsOf(this, details.flags)
    return this.#asked.flags
  }
}
