import { changesBetween } from '../../snapshot/changes.js'
import { areaAt } from '../data/area-at.js'
import { classesOf, PAGE_CLASSES } from '../data/page-classes.js'
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
    if (change === 'split') {
      effects.push({ kind: change, text: `${range}: ${was} became ${is}`, by: '__split_vma', page })
    } else if (change === 'merged') {
      effects.push({ kind: change, text: `${range}: ${was} became ${is}`, by: 'vma_merge_existing_range', page })
    } else if (change === 'mapped' && isPartOfMore(after, page, end, pageSize)) {
      effects.push({ kind: 'merged', text: `${range} joined its neighbour`, by: 'vma_merge_new_range', page })
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

/** Whether a range that was mapped is part of an area that is larger: it merged with a neighbour. */
function isPartOfMore({ areas }: Memory, page: number, end: string, pageSize: number): boolean {
  const area = areaAt(areas, page)
  return area !== undefined && (area.startPage < page || area.endPage > Number(BigInt(end) / BigInt(pageSize)))
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
