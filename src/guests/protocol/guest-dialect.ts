import type { GuestRegion } from '../../kernel/guest-host.js'

/** How a kind of monitor says what its memory is. */
export interface GuestDialect {
  readonly name: string
  /**
   * Reads a whole message. Returns `undefined` where it is a beginning of one, to which more has to come, and throws
   * `ERR_VMAREA_BAD_MESSAGE` where nothing that comes could make it right.
   */
  parse(message: string, pageSize: number): readonly GuestRegion[] | undefined
}
