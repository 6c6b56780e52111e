import type { AreaSnapshot } from './snapshot.js'

/** Neighbouring areas that are one thing to whoever looks: the segments of a file, or anonymous memory that touches. */
export interface Fold {
  readonly start: bigint
  readonly end: bigint
  readonly areas: readonly AreaSnapshot[]
}

/**
 * Folds areas by object: those of one file that follow each other, gaps within the file's own span included, and those without a name
 * that touch.
 */
export function fold(areas: readonly AreaSnapshot[]): Fold[] {
  const folds: Fold[] = []
  let open: AreaSnapshot[] = []
  for (const area of areas) {
    const last = open.at(-1)
    if (last !== undefined && !isSameObject(last, area)) {
      folds.push(foldOf(open))
      open = []
    }
    open.push(area)
  }
  if (open.length > 0) folds.push(foldOf(open))
  return folds
}

/** One fold for each area. */
export function unfolded(areas: readonly AreaSnapshot[]): Fold[] {
  return areas.map((area) => foldOf([area]))
}

function isSameObject(below: AreaSnapshot, above: AreaSnapshot): boolean {
  if (below.path !== above.path || below.inode !== above.inode || below.device !== above.device) return false
  return below.end === above.start || (below.inode !== '0' && BigInt(above.offset) > BigInt(below.offset))
}

function foldOf(areas: readonly AreaSnapshot[]): Fold {
  return { start: BigInt(areas[0]!.start), end: BigInt(areas.at(-1)!.end), areas }
}
