import type { AddressSpace } from '../../kernel/address-space.js'
import type { RawPage } from '../../kernel/raw-page.js'
import type { AreaDetails } from '../proc/area-details.js'
import type { LinuxArea } from './linux-area.js'

/** The calls of an area to its address space. */
export interface AreaReader extends AddressSpace {
  /** The area's entry in smaps, read now. Throws `ERR_VMAREA_STALE` where the area has changed since it was found. */
  detailsOf(area: LinuxArea): AreaDetails
  isDeleted(area: LinuxArea): boolean
  /** The name of the area's file as its file system has it, where the text of maps is ambiguous. */
  rawName(area: LinuxArea, name: Uint8Array): Uint8Array
  /** The kernel's flags of the area together with those that the library emulates. */
  flagsOf(area: LinuxArea, flags: bigint): bigint
  zap(area: LinuxArea, address: bigint, size: number): void
  insertPage(area: LinuxArea, address: bigint, page: RawPage): void
}
