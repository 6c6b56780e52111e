import type { GuestHost, SourceSegment } from '../../kernel/guest-host.js'

/** A source as a guest is served from it: pieces of files, zeros, and what a script reads, one after another from 0 on. */
export interface OpenedSource {
  /** In bytes. */
  readonly size: number
  /** Names this content: equal identities mean equal bytes. `undefined` where it is unknown. */
  readonly identity: string | undefined
  readonly segments: readonly SourceSegment[]
  /** Reads any part, on this thread. */
  read(offset: number, target: Uint8Array): void | Promise<void>
  close(): void | Promise<void>
}

/** What a guest needs of a source. Sizes in bytes. */
export interface SourceNeeds {
  /** The most that is read at once. */
  readonly largest: number
  /** How many reads may be in flight. */
  readonly atOnce: number
}

/** Where the bytes of guests come from: what `fileSource` and its like return. Guests may share one. */
export abstract class GuestSource {
  /** @internal Opens it for one guest. The guest closes it. */
  abstract open(host: GuestHost, needs: SourceNeeds): Promise<OpenedSource>
}
