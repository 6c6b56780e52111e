import type { Region } from '../../../kernel/region.js'
import type { RegionKeeper } from '../../../kernel/region-keeper.js'
import type { LinuxRegion } from '../../../linux/regions/linux-region.js'
import { PROT } from '../../../vocabulary/prot.js'
import { VM } from '../../../vocabulary/vm.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { MapRequest } from '../../thread/pager-request.js'
import type { DeviceClient } from './device-client.js'
import { mayCopy } from './may-copy.js'

/** The part of a device that a region maps. */
export interface DeviceRegionPart {
  readonly device: DeviceClient
  /** The offset in the device at which the region begins, in bytes. */
  readonly offset: number
  /** `MAP` */
  readonly flags: number
  /** Which of `VM.MAYREAD`, `MAYWRITE` and `MAYEXEC` the driver has cleared. */
  readonly cleared: bigint
}

/** The keeper of a region that maps a device: it reports each change of shape or protection to the pager's thread. */
export class DeviceRegion implements RegionKeeper {
  readonly kind = 'device'
  readonly part: DeviceRegionPart
  /** The `PROT` bits that were set last for the whole region. */
  #protection: number
  /** It is private and is or was writable, so that it may have copies. */
  #copies: boolean

  constructor(part: DeviceRegionPart, protection: number, copies = mayCopy(part.flags, protection)) {
    this.part = part
    this.#protection = protection
    this.#copies = copies
  }

  /** The keeper of a region that maps a device, or `undefined`. */
  static of(region: Region | undefined): DeviceRegion | undefined {
    return region?.keeper instanceof DeviceRegion ? region.keeper : undefined
  }

  /** What a thread that serves the region must know of it, beside its extent. */
  get layout(): Pick<MapRequest, 'offset' | 'flags' | 'protection' | 'copies'> {
    const { offset, flags } = this.part
    return { offset, flags, protection: this.#protection, copies: this.#copies }
  }

  protecting(region: LinuxRegion, offset: number, length: number, protection: number, apply: () => void): void {
    const { device, flags } = this.part
    if (!this.#copies && mayCopy(flags, protection)) {
      device.expectCopies(region)
      this.#copies = true
    }
    if (device.changesProtection) {
      this.#checkRight(region, protection)
      device.protect(Number(region.start) + offset, length, protection)
    } else {
      apply()
      device.protected(Number(region.start) + offset, length, protection)
    }
    this.#protection = protection
  }

  absorbing(_region: LinuxRegion, next: LinuxRegion, apply: () => void): void {
    const other = next.keeper as DeviceRegion
    apply()
    this.#copies ||= other.#copies
    this.part.device.disown(next)
  }

  split(region: LinuxRegion, rest: LinuxRegion): void {
    const part = { ...this.part, offset: this.part.offset + region.length }
    rest.keeper = new DeviceRegion(part, this.#protection, this.#copies)
    this.part.device.adopt(rest)
  }

  resized(region: LinuxRegion, oldLength: number): void {
    this.part.device.resized(region, oldLength)
  }

  unmapped(region: LinuxRegion, start: bigint, length: number): void {
    if (region.keeper !== this) this.part.device.disown(region)
    this.part.device.unmapped(Number(start), length)
  }

  restored(region: LinuxRegion): void {
    this.part.device.heal(Number(region.start), region.length)
  }

  #checkRight({ start, length }: LinuxRegion, protection: number): void {
    const asked =
      ((protection & PROT.READ) !== 0 ? VM.MAYREAD : 0n) |
      ((protection & PROT.WRITE) !== 0 ? VM.MAYWRITE : 0n) |
      ((protection & PROT.EXEC) !== 0 ? VM.MAYEXEC : 0n)
    if ((asked & this.part.cleared) !== 0n) throw new VmError('EACCES', 'mprotect', { address: start, length })
  }
}
