import type { Area } from '../../kernel/area.js'
import type { RawPage } from '../../kernel/raw-page.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { VmaUsage } from '../../vocabulary/vma-usage.js'
import type { AreaDetails } from '../proc/area-details.js'
import type { AreaReader } from './area-reader.js'

/**
 * The running kernel's record of one VMA. Range, permissions, file and name are of one moment; flags and usage are read at their first
 * use, which throws if the area is no longer the same.
 */
export abstract class LinuxArea implements Area {
  readonly addressSpace: AreaReader
  /** The details that were read since. An object of its own, because there are thousands of areas and most have none. */
  #asked: { flags?: bigint; unknownFlagCodes?: readonly string[]; deleted?: boolean } | undefined

  constructor(addressSpace: AreaReader) {
    this.addressSpace = addressSpace
  }

  abstract readonly start: bigint
  abstract readonly end: bigint
  /** The bits of `PROT`, and 8 for a shared area. */
  abstract readonly permissions: number
  abstract readonly offset: bigint
  abstract readonly deviceMajor: number
  abstract readonly deviceMinor: number
  abstract readonly inode: bigint
  abstract readonly pathBytes: Uint8Array
  protected abstract flagDetails(): AreaDetails
  protected abstract usageDetails(): AreaDetails

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
    return this.#asked?.flags ?? this.#readFlags()
  }

  get unknownFlagCodes(): readonly string[] {
    if (this.#asked?.unknownFlagCodes === undefined) this.#readFlags()
    return this.#asked!.unknownFlagCodes!
  }

  get deleted(): boolean {
    this.#asked ??= {}
    this.#asked.deleted ??= this.addressSpace.isDeleted(this)
    return this.#asked.deleted
  }

  usage(): VmaUsage {
    return this.usageDetails().usage()
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
    const details = this.flagDetails()
    this.#asked ??= {}
    this.#asked.unknownFlagCodes = details.unknownFlagCodes
    this.#asked.flags = this.addressSpace.flagsOf(this, details.flags)
    return this.#asked.flags
  }
}
