import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import type { GuestHost, GuestRegion, RawGuest, RawGuestMemory } from '../kernel/guest-host.js'
import { VmError } from '../vocabulary/vm-error.js'
import { type DirtyRun, dirtyRuns } from './dirty-runs.js'

const STEP = 1 << 20

/** Writes ranges of addresses of a guest's memory to a file, at their offsets in the memory file: see `Guest.saveDiff`. */
export async function saveDiff(
  host: GuestHost,
  guest: RawGuest,
  regions: readonly GuestRegion[],
  ranges: readonly DirtyRun[],
  path: string,
): Promise<DirtyRun[]> {
  const memory = await guest.openMemory()
  try {
    const unfinished = `${path}.${process.pid}`
    const file = await open(unfinished, 'w')
    try {
      const size = Math.max(...regions.map(({ offset, length }) => offset + length))
      await file.truncate(size)
      for (const region of regions) await saveRegion(memory, file, region, ranges)
      // After the reading, so that it also finds what was unmapped meanwhile.
      checkServed(memory.served(), regions)
      await file.sync()
      const runs = dirtyRuns(ranges, regions)
      checkHoles(host.dataOf(file.fd, size), runs, path)
      await rename(unfinished, path)
      return runs
    } catch (error) {
      await unlink(unfinished)
      throw error
    } finally {
      await file.close()
    }
  } finally {
    await memory.close()
  }
}

async function saveRegion(
  memory: RawGuestMemory,
  file: FileHandle,
  region: GuestRegion,
  ranges: readonly DirtyRun[],
): Promise<void> {
  const bytes = new Uint8Array(STEP)
  const runs = dirtyRuns(ranges, [{ ...region, offset: region.start }])
  for (const [start, end] of runs) {
    for (let at = start; at < end; at += STEP) {
      const part = bytes.subarray(0, Math.min(STEP, end - at)).fill(0)
      // A page that is missing was given back. Reading it would make the kernel ask for it.
      for (const [first, last] of memory.present(at, at + part.length)) {
        await memory.read(first, part.subarray(first - at, last - at))
      }
      await writeAll(file, part, region.offset + (at - region.start))
    }
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
  }
}

/**
 * Unmapped memory looks like pages that were given back, and with `wp_async` the record of its writes is gone as well. Other memory at its
 * addresses is served by no userfaultfd.
 */
function checkServed(served: readonly DirtyRun[], regions: readonly GuestRegion[]): void {
  for (const { start, length, offset } of regions) {
    let at = start
    for (const [first, last] of served) if (first <= at && last > at) at = last
    if (at >= start + length) continue
    const next = served.find(([first]) => first > at)?.[0] ?? Number.POSITIVE_INFINITY
    const end = Math.min(next, start + length)
    const [from, to] = [offset + (at - start), offset + (end - start)]
    throw new VmError('EFAULT', 'read', {
      address: BigInt(at),
      length: end - at,
      hint: `the monitor has unmapped this memory, bytes ${from} to ${to} of the memory file, so that nothing knows what was written there`,
    })
  }
}

/** What was not written must be a hole, or the base would not show through. */
function checkHoles(data: readonly DirtyRun[], runs: readonly DirtyRun[], path: string): void {
  for (const [start, end] of data) {
    if (runs.some(([first, last]) => first <= start && end <= last)) continue
    throw new VmError('EOPNOTSUPP', 'lseek', {
      path,
      hint: 'this file system keeps no holes of the size of a page, which a diff requires: choose another one',
    })
  }
}
