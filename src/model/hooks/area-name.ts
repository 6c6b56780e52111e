import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** What `PROCMAP_QUERY` and `/proc/PID/maps` call a VMA: `get_vma_name`. Empty where it has no name. */
export function areaName({ file, flags, mm, start, end }: Vma): string {
  if (file !== undefined) return file.inode.unlinked ? `${file.inode.name} (deleted)` : file.inode.name
  // vma_is_initial_heap, vma_is_initial_stack
  if (start < mm.break && end > mm.startBreak) return '[heap]'
  if (flags & VM_FLAG.GROWSDOWN && mm.stackTop > start && mm.stackTop <= end) return '[stack]'
  return ''
}
