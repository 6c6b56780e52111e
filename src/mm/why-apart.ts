import { VM } from '../vocabulary/vm.js'
import { codesOfFlags } from '../vocabulary/vm-flag-codes.js'
import { flagNames } from '../vocabulary/vm-flag-names.js'
import type { VmaRef } from './vma-ref.js'

const SPECIAL: bigint = VM.IO | VM.DONTEXPAND | VM.PFNMAP | VM.MIXEDMAP
const STICKY: bigint = VM.SOFTDIRTY | VM.MAYBE_GUARD

/** The fields of an area that decide whether it merges with its neighbour. */
export type MergeSide = Pick<
  VmaRef,
  'start' | 'end' | 'flags' | 'inode' | 'deviceMajor' | 'deviceMinor' | 'offset' | 'path'
>

/**
 * Why two neighbouring areas are not one: a sentence for each of the kernel's conditions for a merge (`can_vma_merge_after` in mm/vma.c)
 * that fails, in the kernel's order.
 *
 * ```ts
 * const [first, second] = guard
 * console.log(whyApart(first, second).join('; '))
 * ```
 */
export function whyApart(below: MergeSide, above: MergeSide): string[] {
  if (below.end !== above.start) return ['they do not touch']
  const reasons: string[] = []
  const special = [below, above].find((vma) => (vma.flags & SPECIAL) !== 0n)
  if (special !== undefined) {
    const names = flagNames(special.flags & SPECIAL).map((name) => `VM_${name}`)
    reasons.push(
      `${special === below ? 'the lower' : 'the upper'} one has ${names.join(' and ')}, and such an area is never merged`,
    )
  }
  const different = (below.flags ^ above.flags) & ~STICKY
  if (different !== 0n)
    reasons.push(`their flags differ: ${side(below.flags & different)} below, ${side(above.flags & different)} above`)
  const sameFile =
    below.inode === above.inode && below.deviceMajor === above.deviceMajor && below.deviceMinor === above.deviceMinor
  if (!sameFile) reasons.push('they are of different files')
  else if (below.inode !== 0n && below.offset + (below.end - below.start) !== above.offset) {
    reasons.push('the file does not continue where the lower one ends')
  } else if (below.path !== above.path) reasons.push('they have different names')
  if (reasons.length > 0) return reasons
  return [
    below.inode === 0n
      ? 'they are equal in all that can be seen: their memory was written separately (anon_vma), was moved from elsewhere, came through fork, or has another memory policy or userfaultfd'
      : 'they are equal in all that can be seen: the file was opened twice, its private pages were written separately, or the userfaultfd or memory policy differs',
  ]
}

function side(flags: bigint): string {
  const codes = codesOfFlags(flags)
  return codes.length === 0 ? 'none' : codes.join(' ')
}
