import type { VmaUsageField } from '../vocabulary/vma-usage.js'
import { rangeOf } from './range-of.js'
import type { AreaSnapshot } from './snapshot.js'
import { Sum } from './sum.js'

/** Neighbouring areas that are shown as one: the segments of a file, or anonymous memory that touches. */
export class Fold {
  readonly start: bigint
  end: bigint
  readonly sum: Sum
  /** The permissions that all the areas have; a star where they differ. */
  permissions: string
  /** The area that gives the name: the first that can be accessed, or else the first. */
  named: AreaSnapshot
  #last: AreaSnapshot

  constructor(area: AreaSnapshot, start: bigint, end: bigint, fields: readonly VmaUsageField[] = []) {
    this.sum = new Sum(fields)
    this.start = start
    this.end = end
    this.permissions = area.permissions
    this.named = area
    this.#last = area
    this.sum.add(area, Number(end - start))
  }

  /** Adds the next area. */
  add(area: AreaSnapshot, start: bigint, end: bigint): void {
    this.end = end
    if (area.permissions !== this.permissions) this.permissions = common(this.permissions, area.permissions)
    if (this.named.permissions.startsWith('---')) this.named = area
    this.#last = area
    this.sum.add(area, Number(end - start))
  }

  /**
   * Whether the next area is part of this: of the same file, gaps within the file's own span included, or touching where it has none.
   */
  takes(area: AreaSnapshot, start: bigint): boolean {
    const last = this.#last
    // The texts that cost the most are compared last.
    if (last.path !== area.path || last.inode !== area.inode) return false
    if (this.end !== start && last.inode === '0') return false
    if (last.device !== area.device) return false
    return this.end === start || BigInt(area.offset) > BigInt(last.offset)
  }
}

/** Folds areas by object, or with `all` one by one. Keeps of each only what is shown; `fields` of smaps are added up beside the usual. */
export function* fold(
  areas: Iterable<AreaSnapshot>,
  all: boolean,
  fields: readonly VmaUsageField[] = [],
): Generator<Fold> {
  let open: Fold | undefined
  for (const area of areas) {
    const [start, end] = rangeOf(area)
    if (open !== undefined && !all && open.takes(area, start)) open.add(area, start, end)
    else {
      if (open !== undefined) yield open
      open = new Fold(area, start, end, fields)
    }
  }
  if (open !== undefined) yield open
}

function common(some: string, others: string): string {
  return [...some].map((letter, place) => (letter === others[place] ? letter : '*')).join('')
}
