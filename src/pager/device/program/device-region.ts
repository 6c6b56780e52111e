import { LinuxRegion } from '../../../linux/regions/linux-region.js'
import { PROT } from '../../../vocabulary/prot.js'
import { VM } from '../../../vocabulary/vm.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { DeviceClient } from './device-client.js'
import { mayCopy } from './may-copy.js'

/** What a region is a map of. */
export interface DeviceRegionPart {
  readonly device: DeviceClient
  /** Where in the device the region begins, in bytes. */
  readonly offset: number
  /** `MAP` */
  readonly flags: number
  /** Which of `VM.MAYREAD` and its sisters the driver has taken away. */
  readonly cleared: bigint
}

/** A map of a device in the program: what changes its shape or its protection is told to the pager. */
export class DeviceRegion extends LinuxRegion {
  #part: DeviceRegionPart | undefined
  #protection = 0
  #copies = false

  /** What it is a map of. Set once, when its `mmap` hook has agreed. */
  get part(): DeviceRegionPart | undefined {
    return this.#part
  }

  /** `PROT`, as it was set last for the whole. */
  get protection(): number {
    return this.#protection
  }

  /** It is private, and may be written to, or was. */
  get copies(): boolean {
    return this.#copies
  }

  attach(part: DeviceRegionPart, protection: number): void {
    this.#part = part
    this.#protection = protection
    this.#copies ||= mayCopy(part.flags, protection)
  }

  override protect(offset: number, length: number, protection: number, previous: number): void {
    if (this.#part !== undefined && !this.#copies && mayCopy(this.#part.flags, protection)) {
      this.#part.device.expectCopies(this)
      this.#copies = true
    }
    if (this.#part?.device.changesProtection === true) {
      // Pages that are not shown have no permission, and only the pager knows which.
      this.#checkRight(protection)
      this.#part.device.protect(Number(this.start) + offset, length, protection)
    } else {
      super.protect(offset, length, protection, previous)
      this.#part?.device.protected(Number(this.start) + offset, length, protection)
    }
    this.#protection = protection
  }

  #checkRight(protection: number): void {
    const cleared = this.#part!.cleared
    const asked =
      ((protection & PROT.READ) !== 0 ? VM.MAYREAD : 0n) |
      ((protection & PROT.WRITE) !== 0 ? VM.MAYWRITE : 0n) |
      ((protection & PROT.EXEC) !== 0 ? VM.MAYEXEC : 0n)
    if ((asked & cleared) !== 0n) throw new VmError('EACCES', 'mprotect', { address: this.start, length: this.length })
  }

  override replaceByNothing(offset: number, length: number): void {
    super.replaceByNothing(offset, length)
    this.#part?.device.unmapped(Number(this.start) + offset, length)
  }

  override split(at: number): this {
    const rest = super.split(at)
    if (this.#part !== undefined) {
      rest.attach({ ...this.#part, offset: this.#part.offset + at }, this.#protection)
      rest.#copies ||= this.#copies
      this.#part.device.adopt(rest)
    }
    return rest
  }

  override absorb(next: DeviceRegion): void {
    super.absorb(next)
    this.#copies ||= next.#copies
    this.#part?.device.disown(next)
  }

  override resize(length: number): void {
    const before = this.length
    super.resize(length)
    this.#part?.device.resized(this, before)
  }

  override unmap(): void {
    const [start, length] = [Number(this.start), this.length]
    super.unmap()
    this.#part?.device.disown(this)
    this.#part?.device.unmapped(start, length)
    this.#part = undefined
  }

  override restore(): void {
    super.restore()
    this.#part?.device.heal(Number(this.start), this.length)
  }
}
