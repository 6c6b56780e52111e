import type { SourceSegment } from '../../kernel/guest-host.js'

/** The segments of a source that lies over another one: where it has a hole, or ends, the one below shows. */
export function overlaySegments(below: readonly SourceSegment[], above: readonly SourceSegment[]): SourceSegment[] {
  const segments: SourceSegment[] = []
  let next = 0 // of those below, the first that may reach behind `at`
  const show = (start: number, end: number) => {
    let at = start
    while (at < end && next < below.length) {
      const one = below[next]!
      if (one.end > at && one.start < end) {
        segments.push(part(one, Math.max(one.start, at), Math.min(one.end, end)))
        at = Math.min(one.end, end)
      }
      if (one.end > end) return
      next++
    }
    if (at < end) segments.push({ kind: 'hole', start: at, end, at: 0, number: 0 })
  }
  for (const one of above) {
    if (one.kind === 'hole') show(one.start, one.end)
    else segments.push(one)
  }
  const size = above.at(-1)?.end ?? 0
  show(size, Math.max(size, below.at(-1)?.end ?? 0))
  return segments
}

function part(segment: SourceSegment, start: number, end: number): SourceSegment {
  return { ...segment, start, end, at: segment.at + (start - segment.start) }
}
