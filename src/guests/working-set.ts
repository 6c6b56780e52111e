import { readFile, rename, writeFile } from 'node:fs/promises'
import { UsageError } from '../vocabulary/usage-error.js'

/**
 * The pages that a guest demands after it is restored, in order: offsets in the memory file, in bytes.
 *
 * Its file is one JSON object with these members and `"vmarea": "working-set"`.
 */
export interface WorkingSet {
  /** The version of the format. */
  readonly version: 1
  /** Of the source that it was recorded with; `null` where the source has no identity. A source with another identity refuses the set. */
  readonly identity: string | null
  /** Half-open ranges `[start, end)`. */
  readonly ranges: readonly (readonly [start: number, end: number])[]
}

/** @internal The set of pages that were demanded in this order, neighbours together. */
export function workingSetOf(
  offsets: readonly number[],
  pageSizeAt: (offset: number) => number,
  identity: string | undefined,
): WorkingSet {
  const ranges: [number, number][] = []
  for (const offset of offsets) {
    const last = ranges.at(-1)
    if (last?.[1] === offset) last[1] = offset + pageSizeAt(offset)
    else ranges.push([offset, offset + pageSizeAt(offset)])
  }
  return { version: 1, identity: identity ?? null, ranges }
}

/**
 * What several runs demanded, as one set: by the mean place that a page had in the runs which have it, so that what is demanded early comes
 * first.
 *
 * @throws UsageError `ERR_VMAREA_OTHER_SNAPSHOT` where they are not all of one source
 */
export function mergeWorkingSets(sets: readonly WorkingSet[]): WorkingSet {
  const places = new Map<number, { end: number; sum: number; count: number }>()
  for (const set of sets) {
    if (set.identity !== sets[0]!.identity) throw otherSnapshot(set.identity, sets[0]!.identity)
    for (const [index, [start, end]] of set.ranges.entries()) {
      const place = index / set.ranges.length
      const known = places.get(start)
      if (known === undefined) places.set(start, { end, sum: place, count: 1 })
      else Object.assign(known, { end: Math.max(end, known.end), sum: known.sum + place, count: known.count + 1 })
    }
  }
  const ranges = [...places]
    .sort(([, one], [, other]) => one.sum / one.count - other.sum / other.count)
    .map(([start, { end }]) => [start, end] as const)
  return { version: 1, identity: sets[0]?.identity ?? null, ranges }
}

/** Writes a working set to a file: whole, or not at all. @throws Node's error of the file system */
export async function writeWorkingSet(path: string, set: WorkingSet): Promise<void> {
  const unfinished = `${path}.${process.pid}`
  await writeFile(unfinished, `${JSON.stringify({ vmarea: 'working-set', ...set })}\n`)
  await rename(unfinished, path)
}

/**
 * Reads a working set.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where the file is none that this version reads; Node's error of the file system
 */
export async function readWorkingSet(path: string): Promise<WorkingSet> {
  const text = await readFile(path, 'utf8')
  const value = parse(text)
  if (value?.vmarea !== 'working-set' || value.version !== 1 || !areRanges(value.ranges)) {
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${path} is no working set that this version can read`)
  }
  return { version: 1, identity: value.identity ?? null, ranges: value.ranges }
}

/** @internal Throws where the set is of another source. */
export function checkIdentity(set: WorkingSet, identity: string | undefined): void {
  if (set.identity !== null && set.identity !== (identity ?? null)) throw otherSnapshot(set.identity, identity ?? null)
}

/** @internal */
export function otherSnapshot(one: string | null, other: string | null): UsageError {
  return new UsageError(
    'ERR_VMAREA_OTHER_SNAPSHOT',
    `this is of another snapshot: it was recorded with ${one}, and the source is ${other}; record it again`,
  )
}

function parse(text: string): (Partial<WorkingSet> & { vmarea?: unknown }) | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function areRanges(value: unknown): value is WorkingSet['ranges'] {
  return (
    Array.isArray(value) &&
    value.every(
      (range) =>
        Array.isArray(range) &&
        range.length === 2 &&
        range.every((end) => Number.isSafeInteger(end) && end >= 0) &&
        range[0] < range[1],
    )
  )
}
