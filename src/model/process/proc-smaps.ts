import { VM } from '../../vocabulary/vm.js'
import { vmFlagsOf } from '../hooks/vm-flags-of.js'
import { areaUsage } from '../pages/area-usage.js'
import type { Mm } from '../structs/mm.js'
import type { Vma } from '../structs/vma.js'
import { mapsLine } from './proc-maps.js'

/** The two letters of each flag that smaps shows, in the order of its bits. */
const letters: readonly (readonly [flag: bigint, code: string])[] = [
  [VM.READ, 'rd'],
  [VM.WRITE, 'wr'],
  [VM.EXEC, 'ex'],
  [VM.SHARED, 'sh'],
  [VM.MAYREAD, 'mr'],
  [VM.MAYWRITE, 'mw'],
  [VM.MAYEXEC, 'me'],
  [VM.MAYSHARE, 'ms'],
  [VM.GROWSDOWN, 'gd'],
  [VM.UFFD_MISSING, 'um'],
  [VM.PFNMAP, 'pf'],
  [VM.MAYBE_GUARD, 'gu'],
  [VM.UFFD_WP, 'uw'],
  [VM.LOCKED, 'lo'],
  [VM.IO, 'io'],
  [VM.SEQ_READ, 'sr'],
  [VM.RAND_READ, 'rr'],
  [VM.DONTCOPY, 'dc'],
  [VM.DONTEXPAND, 'de'],
  [VM.LOCKONFAULT, 'lf'],
  [VM.ACCOUNT, 'ac'],
  [VM.NORESERVE, 'nr'],
  [VM.SYNC, 'sf'],
  [VM.WIPEONFORK, 'wf'],
  [VM.DONTDUMP, 'dd'],
  [VM.MIXEDMAP, 'mm'],
  [VM.HUGEPAGE, 'hg'],
  [VM.NOHUGEPAGE, 'nh'],
  [VM.MERGEABLE, 'mg'],
  [VM.DROPPABLE, 'dp'],
  [VM.UFFD_MINOR, 'ui'],
  [VM.SEALED, 'sl'],
]

/** The text of `/proc/PID/smaps`, without the fields that the model keeps no account of. */
export function procSmaps(mm: Mm): string {
  return [...mm.tree].map(smapsOf).join('')
}

function smapsOf(vma: Vma): string {
  const usage = areaUsage(vma)
  const lines = [mapsLine(vma)]
  const field = (name: string, bytes: number | undefined) => {
    if (bytes !== undefined) lines.push(`${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB`)
  }
  field('Size', usage.size)
  field('KernelPageSize', usage.kernelPageSize)
  field('MMUPageSize', usage.mmuPageSize)
  field('Rss', usage.rss)
  field('Pss', usage.pss)
  field('Anonymous', usage.anonymous)
  field('Swap', usage.swap)
  field('SwapPss', usage.swapPss)
  field('Locked', usage.locked)
  lines.push(`THPeligible:    ${String(usage.thpEligible).padStart(8)}`)
  if (usage.protectionKey !== undefined) lines.push(`ProtectionKey:  ${String(usage.protectionKey).padStart(8)}`)
  const flags = vmFlagsOf(vma.flags, vma.sealed)
  const codes = letters.filter(([flag]) => (flags & flag) !== 0n).map(([, code]) => `${code} `)
  lines.push(`VmFlags: ${codes.join('')}`)
  return `${lines.join('\n')}\n`
}
