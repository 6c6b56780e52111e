import { VM } from '../../vocabulary/vm.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { readSmaps } from '../proc/read-smaps.js'
import type { SmapsTable } from '../proc/smaps-table.js'
import type { LinuxUserfaultfd } from './linux-userfaultfd.js'

const MODES: readonly (readonly [flag: bigint, mode: number])[] = [
  [VM.UFFD_MISSING, 1],
  [VM.UFFD_WP, 2],
  [VM.UFFD_MINOR, 4],
]

/**
 * Records the ranges that a process had registered with a userfaultfd that it sent. It registers them again: in the same modes that
 * changes nothing, and the kernel refuses ranges of another userfaultfd (`EBUSY`). Returns whether this process may look at the other
 * one's areas.
 */
export function registerReceived(raw: LinuxUserfaultfd, pid: number): boolean {
  const table = smapsOf(pid)
  if (table === undefined) return false
  for (let row = 0; row < table.maps.count; row++) {
    const flags = table.flags(row)
    const mode = MODES.reduce((bits, [flag, bit]) => (flags & flag ? bits | bit : bits), 0)
    if (mode === 0) continue
    const start = table.maps.start(row)
    try {
      raw.register(start, Number(table.maps.end(row) - start), mode)
    } catch (error) {
      if (!(error instanceof VmError)) throw error // Another's, or gone since.
    }
  }
  return true
}

function smapsOf(pid: number): SmapsTable | undefined {
  if (pid <= 0) return undefined
  try {
    return readSmaps(pid)
  } catch (error) {
    if (error instanceof VmError) return undefined
    throw error
  }
}
