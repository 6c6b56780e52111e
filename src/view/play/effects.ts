import { type ChangeKind, changesBetween } from '../../snapshot/changes.js'
import { areaAt } from '../data/area-at.js'
import { classesOf, PAGE_CLASSES } from '../data/page-classes.js'
import type { ViewArea } from '../data/view-area.js'
import type { Memory } from './play-process.js'

/** One thing that a call did to memory. */
export interface Effect {
  readonly kind: 'mapped' | 'unmapped' | 'protected' | 'flags' | 'split' | 'merged' | 'moved' | 'pages' | 'other'
  readonly text: string
  /** The kernel function that does it. */
  readonly by: string
  /** The first page that it is about. */
  readonly page: number
}

/** The function that a call enters the kernel's memory management by. */
const ENTRY: Readonly<Record<string, string>> = {
  mmap: 'mmap_region',
  munmap: 'do_vmi_munmap',
  mprotect: 'mprotect_fixup',
  mremap: 'do_mremap',
  madvise: 'do_madvise',
  mlock: 'mlock_fixup',
  munlock: 'mlock_fixup',
  mlockall: 'apply_mlockall_flags',
  munlockall: 'apply_mlockall_flags',
  mseal: 'mseal_apply',
  fork: 'dup_mmap',
  ftruncate: 'unmap_mapping_range',
  load: 'handle_mm_fault',
  store: 'handle_mm_fault',
  jump: 'handle_mm_fault',
  userfaultfd: 'new_userfaultfd',
  uffdio_register: 'userfaultfd_register_range',
  uffdio_unregister: 'userfaultfd_unregister_range',
  uffdio_copy: 'mfill_atomic_copy',
  uffdio_zeropage: 'mfill_atomic_zeropage',
  uffdio_poison: 'mfill_atomic_poison',
  uffdio_writeprotect: 'mwriteprotect_range',
  uffd_read: 'userfaultfd_ctx_read',
}

/** The function by which a call cuts areas and joins them again, where it changes areas that are there. */
const MODIFIES: Readonly<Record<string, string>> = {
  mprotect: 'vma_modify_flags',
  madvise: 'vma_modify_flags',
  mlock: 'vma_modify_flags',
  munlock: 'vma_modify_flags',
  mlockall: 'vma_modify_flags',
  munlockall: 'vma_modify_flags',
  mseal: 'vma_modify_flags',
  uffdio_register: 'vma_modify_flags_uffd',
  uffdio_unregister: 'vma_modify_flags_uffd',
}

/** What cuts an area in a call: the others do it where they unmap. */
function splitBy(name: string): string {
  return `${MODIFIES[name] ?? 'vms_gather_munmap_vmas'} → __split_vma`
}

/** What joins areas in a call: a new range with its neighbours, or an area that has become like them. */
function mergedBy(name: string): string {
  if (name === 'mmap') return 'vma_merge_new_range'
  if (name === 'mremap') return 'copy_vma → vma_merge_new_range'
  return `${MODIFIES[name] ?? 'vma_modify'} → vma_merge_existing_range`
}

/** What makes an area longer where it ends. */
function grownBy(name: string): string {
  return name === 'mremap' ? 'vma_merge_extend' : 'vma_merge_new_range'
}

/** The function of the kernel (6.18) that decides about a call. */
export function decidedBy(name: string): string {
  return ENTRY[name] ?? name
}

/** What a call did to one address space, in order of address. */
export function effectsOf(name: string, before: Memory, after: Memory, pageSize: number): Effect[] {
  const effects: Effect[] = []
  for (const { change, start, end, before: was, after: is } of changesBetween(before.areas, after.areas)) {
    const page = Number(BigInt(start) / BigInt(pageSize))
    const range = `${start}-${end}`
    const by = decidedBy(name)
    const cut = isUnmapping(name, change) ? largerArea(before, page, end, pageSize) : undefined
    if (cut !== undefined) {
      effects.push({ kind: 'split', text: `${range} was cut out of ${cut.start}-${cut.end}`, by: splitBy(name), page })
    }
    if (change === 'split') {
      effects.push({ kind: change, text: `${range}: ${was} became ${is}`, by: splitBy(name), page })
    } else if (change === 'merged') {
      effects.push({ kind: change, text: `${range}: ${was} became ${is}`, by: mergedBy(name), page })
    } else if (change === 'mapped' && largerArea(after, page, end, pageSize) !== undefined) {
      effects.push({ kind: 'merged', text: `${range} joined its neighbour`, by: grownBy(name), page })
    } else if (change === 'mapped' || change === 'unmapped' || change === 'protected' || change === 'moved') {
      const text =
        change === 'mapped' ? `${range} ${is}` : change === 'unmapped' ? `${range}` : `${range}: ${was} to ${is}`
      effects.push({ kind: change, text, by, page })
    } else if (change === 'flags') {
      const text = [was && `without ${was}`, is && `with ${is}`].filter(Boolean).join(', ')
      effects.push({ kind: change, text: `${range} ${text}`, by, page })
    } else effects.push({ kind: 'other', text: `${range}: ${change}`, by, page })
  }
  return [...effects, ...pageEffects(name, before, after, pageSize)]
}

/** Whether a range went where it was, as `munmap` does it and what maps in its place. */
function isUnmapping(name: string, change: ChangeKind): boolean {
  return change === 'unmapped' || change === 'replaced' || (name === 'mmap' && change === 'protected')
}

/** The area that a range is a part of, if it is larger: it merged with a neighbour, or was cut out of it. */
function largerArea({ areas }: Memory, page: number, end: string, pageSize: number): ViewArea | undefined {
  const area = areaAt(areas, page)
  const isLarger =
    area !== undefined && (area.startPage < page || area.endPage > Number(BigInt(end) / BigInt(pageSize)))
  return isLarger ? area : undefined
}

/** What a fork made: a process whose memory is a copy. */
export function copyEffect({ areas }: Memory): Effect {
  return { kind: 'other', text: `a copy of ${areas.length} areas`, by: 'dup_mmap', page: areas[0]?.startPage ?? 0 }
}

/** How the states of pages changed in areas that stayed. */
function pageEffects(name: string, before: Memory, after: Memory, pageSize: number): Effect[] {
  const effects: Effect[] = []
  for (const { startPage, endPage } of after.areas) {
    if (endPage - startPage > 65_536) continue
    const [old, now] = [before, after].map(({ pages }) => classesOf(pages, startPage, endPage)) as [
      Uint8Array,
      Uint8Array,
    ]
    for (let at = 0; at < now.length; at++) {
      if (old[at] === now[at]) continue
      const first = at
      while (at + 1 < now.length && old[at + 1] === old[first] && now[at + 1] === now[first]) at++
      const [was, is] = [PAGE_CLASSES[old[first]!]!, PAGE_CLASSES[now[first]!]!]
      if (was === 'unknown' && is === 'absent') continue
      const count = at + 1 - first
      const text = `${count} page${count === 1 ? '' : 's'} at 0x${((startPage + first) * pageSize).toString(16)}: ${was === 'unknown' ? 'new' : was}, now ${is}`
      effects.push({ kind: 'pages', text, by: decidedBy(name), page: startPage + first })
    }
  }
  return effects
}
