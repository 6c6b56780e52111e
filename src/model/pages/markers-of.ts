import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import type { Markers } from './zap.js'

/** What a zap that is no unmap leaves in a VMA: `zap_nonpresent_ptes`, `zap_install_uffd_wp_if_needed`. */
export function markersOf({ file, flags }: Vma): Markers {
  if (file === undefined) return 'keep'
  return flags & VM_FLAG.UFFD_WP ? 'keep-and-mark' : 'keep-marks'
}
