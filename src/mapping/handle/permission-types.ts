import type { Mmap } from './mmap.js'
import type { MmapMut } from './mmap-mut.js'
import type { MmapNone } from './mmap-none.js'
import type { Reserved } from './reserved.js'
import type { ReservedMut } from './reserved-mut.js'
import type { ReservedNone } from './reserved-none.js'

/** The three permissions that a handle's type can prove. */
export interface PermissionTypes {
  readonly none: unknown
  readonly read: unknown
  readonly write: unknown
}

/** The handles of committed memory. */
export interface CommittedTypes extends PermissionTypes {
  readonly none: MmapNone
  readonly read: Mmap
  readonly write: MmapMut
}

/** The handles of reservations. */
export interface ReservedTypes extends PermissionTypes {
  readonly none: ReservedNone
  readonly read: Reserved
  readonly write: ReservedMut
}
