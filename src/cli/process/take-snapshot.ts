import { release } from 'node:os'
import { addon } from '../../linux/addon/addon.js'
import type { MmapReadGuard } from '../../mm/mmap-read-guard.js'
import { LiveArea } from '../../snapshot/live-area.js'
import { SNAPSHOT_VERSION, type Snapshot, type SnapshotHeader } from '../../snapshot/snapshot.js'
import { openProcess } from './open-process.js'

/** Looks at a process now. Throws `CommandError` where there is none or it may not be looked at. */
export function takeSnapshot(pid: number): Snapshot {
  return lookAt(pid, (header, areas) => ({ ...header, areas: Array.from(areas, (area) => area.snapshot()) }))
}

/** Hands the areas of a process to `use` one after the other: those of a very large one need not all be kept. */
export function lookAt<Result>(
  pid: number,
  use: (header: SnapshotHeader, areas: Iterable<LiveArea>, guard: MmapReadGuard) => Result,
): Result {
  using opened = openProcess(pid)
  using guard = opened.user.mmapReadLock()
  const header: SnapshotHeader = {
    version: SNAPSHOT_VERSION,
    pid,
    time: new Date().toISOString(),
    kernel: release(),
    pageSize: addon().pageSize,
  }
  return use(header, liveAreas(guard), guard)
}

function* liveAreas(guard: MmapReadGuard): Generator<LiveArea> {
  for (const vma of guard.areas({ usage: true })) yield new LiveArea(vma)
}
