import type { GuestRegion } from '../kernel/guest-host.js'

/** Offsets in the memory file, in bytes: half-open. */
export type DirtyRun = readonly [start: number, end: number]

/** Ranges of addresses, in any order and overlapping, as runs of the memory file: in order and apart. */
export function dirtyRuns(ranges: readonly DirtyRun[], regions: readonly GuestRegion[]): DirtyRun[] {
  const offsets = ranges
    .flatMap(([start, end]) =>
      regions
        .map((region): DirtyRun => {
          const [first, last] = [Math.max(start, region.start), Math.min(end, region.start + region.length)]
          return [region.offset + (first - region.start), region.offset + (last - region.start)]
        })
        .filter(([first, last]) => first < last),
    )
    .sort(([one], [other]) => one - other)
  const runs: [number, number][] = []
  for (const [start, end] of offsets) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] >= start) last[1] = Math.max(last[1], end)
    else runs.push([start, end])
  }
  return runs
}
