import { release } from 'node:os'
import { addon } from '../linux/addon/addon.js'
import '../linux/areas/linux-address-space.js'
import { Mm } from '../mm/mm.js'
import type { MmapReadGuard } from '../mm/mmap-read-guard.js'
import {
  type AreaSnapshot,
  areaSnapshot,
  SNAPSHOT_VERSION,
  type Snapshot,
  type SnapshotHeader,
} from '../snapshot/snapshot.js'
import { VmError } from '../vocabulary/vm-error.js'

/** Looks at a process now. Throws `VmError` `ESRCH` or `EACCES`. */
export function takeSnapshot(pid: number): Snapshot {
  return lookAt(pid, (header, areas) => ({ ...header, areas: [...areas] }))
}

/** Hands the areas of a process to `use` one after the other, so that of a very large one they need not all be kept. */
export function lookAt<Result>(
  pid: number,
  use: (header: SnapshotHeader, areas: Iterable<AreaSnapshot>) => Result,
): Result {
  using mm = Mm.of(pid)
  using user = mm.mmgetNotZero()
  if (user === undefined) {
    throw new VmError('ESRCH', 'mmget_not_zero', {
      hint: `process ${pid} has ended, or runs another program now`,
    })
  }
  using guard = user.mmapReadLock()
  const header: SnapshotHeader = {
    version: SNAPSHOT_VERSION,
    pid,
    time: new Date().toISOString(),
    kernel: release(),
    pageSize: addon().pageSize,
  }
  return use(header, snapshots(guard))
}

function* snapshots(guard: MmapReadGuard): Generator<AreaSnapshot> {
  for (const vma of guard.areas({ usage: true })) yield areaSnapshot(vma)
}
