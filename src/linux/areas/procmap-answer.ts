import { procmapFields } from '../proc/procmap-query.js'
import type { AreaRows, AreaSource, ListingDetails } from './listing.js'

/** The answer of the last `PROCMAP_QUERY`, as the only row. */
export class ProcmapAnswer implements AreaRows, AreaSource {
  readonly details: ListingDetails
  readonly #start = procmapFields.start()
  readonly #end = procmapFields.end()
  readonly #permissions = procmapFields.permissions()
  readonly #offset = procmapFields.offset()
  readonly #deviceMajor = procmapFields.deviceMajor()
  readonly #deviceMinor = procmapFields.deviceMinor()
  readonly #inode = procmapFields.inode()
  readonly #name = procmapFields.name()

  constructor(details: ListingDetails) {
    this.details = details
  }

  get table(): this {
    return this
  }

  start(): bigint {
    return this.#start
  }

  end(): bigint {
    return this.#end
  }

  permissions(): number {
    return this.#permissions
  }

  offset(): bigint {
    return this.#offset
  }

  deviceMajor(): number {
    return this.#deviceMajor
  }

  deviceMinor(): number {
    return this.#deviceMinor
  }

  inode(): bigint {
    return this.#inode
  }

  name(): Uint8Array {
    return this.#name
  }

  /** The kernel escapes no name in an answer. */
  isAmbiguous(): boolean {
    return false
  }
}
