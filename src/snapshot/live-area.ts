import type { VmaRef } from '../mm/vma-ref.js'
import { type AreaSnapshot, areaSnapshot, flagCodes, permissionsOf } from './snapshot.js'

/** The usage that was read last, and of which area: several sums add up one area, and then the next. To keep all costs the collector time. */
let usage = {} as AreaSnapshot['usage']
let usageOf: LiveArea | undefined

/** The device that was read last: neighbours mostly have the same. */
let device = '00:00'
let major = 0
let minor = 0

/**
 * An area that a guard holds, read as a snapshot of it is: a field is made when it is read, because most are not. Valid while the guard is.
 * A number that the kernel does not give is `undefined` here.
 */
export class LiveArea implements AreaSnapshot {
  readonly #vma: VmaRef
  /** The addresses, half-open. */
  readonly range: readonly [start: bigint, end: bigint]
  #path: string | undefined
  #permissions: string | undefined
  #inode: string | undefined
  #flags: readonly string[] | undefined

  constructor(vma: VmaRef) {
    this.#vma = vma
    this.range = [vma.start, vma.end]
  }

  get start(): string {
    return `0x${this.range[0].toString(16)}`
  }

  get end(): string {
    return `0x${this.range[1].toString(16)}`
  }

  get permissions(): string {
    this.#permissions ??= permissionsOf(this.#vma)
    return this.#permissions
  }

  get flags(): readonly string[] {
    this.#flags ??= flagCodes(this.#vma)
    return this.#flags
  }

  get offset(): string {
    return `0x${this.#vma.offset.toString(16)}`
  }

  get device(): string {
    const { deviceMajor, deviceMinor } = this.#vma
    if (deviceMajor !== major || deviceMinor !== minor) {
      device = this.#vma.device
      major = deviceMajor
      minor = deviceMinor
    }
    return device
  }

  get inode(): string {
    this.#inode ??= this.#vma.inode.toString()
    return this.#inode
  }

  get path(): string {
    this.#path ??= this.#vma.path
    return this.#path
  }

  get deleted(): boolean {
    return this.#vma.deleted
  }

  get usage(): AreaSnapshot['usage'] {
    if (usageOf !== this) {
      usage = this.#vma.usage() as AreaSnapshot['usage']
      usageOf = this
    }
    return usage
  }

  /** A copy that outlives the guard. */
  snapshot(): AreaSnapshot {
    return areaSnapshot(this.#vma)
  }
}
