import type { VmaUsageField } from '../vocabulary/vma-usage.js'
import type { AreaSnapshot } from './snapshot.js'

/** What several areas come to, in bytes. */
export class Sum {
  areas = 0
  size = 0
  rss = 0
  pss = 0
  dirty = 0
  swap = 0
  locked = 0
  readonly #fields: readonly VmaUsageField[]
  /** One for each field; missing where there is none, as for most sums. */
  readonly #totals: number[] | undefined

  /** `fields` are further fields of smaps to add up. */
  constructor(fields: readonly VmaUsageField[] = []) {
    this.#fields = fields
    this.#totals = fields.length === 0 ? undefined : fields.map(() => 0)
  }

  add({ usage }: AreaSnapshot, size: number): void {
    this.areas++
    this.size += size
    this.rss += usage.rss ?? 0
    this.pss += usage.pss ?? 0
    this.dirty += (usage.privateDirty ?? 0) + (usage.sharedDirty ?? 0)
    this.swap += usage.swap ?? 0
    this.locked += usage.locked ?? 0
    if (this.#totals === undefined) return
    for (let index = 0; index < this.#fields.length; index++) this.#totals[index]! += usage[this.#fields[index]!] ?? 0
  }

  /** The total of one of the further fields. */
  of(field: VmaUsageField): number {
    return this.#totals?.[this.#fields.indexOf(field)] ?? 0
  }
}
